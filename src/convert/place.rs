//! A location as words and a link that opens on a phone in China.

/// Returns a location as text: its name, its coordinates, and a link to a map. `None` when nothing
/// is known of it.
///
/// `geo_uri` is a `geo:` URI (RFC 5870). A name that contains such a URI, as the body of a message
/// often does, is ignored.
pub fn place_text(geo_uri: Option<&str>, name: Option<&str>) -> Option<String> {
    let name = name.map(str::trim).filter(|name| !name.is_empty() && !name.contains("geo:"));
    let point = geo_uri.and_then(point);
    if name.is_none() && point.is_none() {
        return None;
    }
    let mut lines = vec![format!("📍 {}", name.unwrap_or_default()).trim_end().to_owned()];
    if let Some((latitude, longitude)) = point {
        let coordinates = format!("{latitude}, {longitude}");
        match name {
            Some(_) => lines.push(coordinates),
            None => lines = vec![format!("📍 {coordinates}")],
        }
        lines.push(format!("{MAP}?position={longitude},{latitude}&coordinate=wgs84"));
    }
    Some(lines.join("\n"))
}

/// Returns latitude and longitude in degrees of WGS 84, as they were written.
fn point(geo_uri: &str) -> Option<(&str, &str)> {
    let (head, path) = geo_uri.trim().split_at_checked(4)?;
    if !head.eq_ignore_ascii_case("geo:") {
        return None;
    }
    let mut parts = path.split(';');
    let mut coordinates = parts.next()?.split(',');
    let latitude = degrees(coordinates.next()?, 90.0)?;
    let longitude = degrees(coordinates.next()?, 180.0)?;
    // In another reference system the coordinates mean another place.
    let is_foreign = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        key.eq_ignore_ascii_case("crs") && !value.eq_ignore_ascii_case("wgs84")
    };
    (!parts.any(is_foreign)).then_some((latitude, longitude))
}

fn degrees(written: &str, most: f64) -> Option<&str> {
    let plain =
        written.len() <= 24 && written.chars().all(|c| c.is_ascii_digit() || "+-.".contains(c));
    let value: f64 = written.parse().ok()?;
    (plain && value.abs() <= most).then_some(written.trim_start_matches('+'))
}

/// The map service: Amap opens without a login, also in WeChat's browser, and accepts WGS 84, the
/// coordinates of Matrix.
const MAP: &str = "https://uri.amap.com/marker";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_has_its_name_its_coordinates_and_a_map() {
        let link = "https://uri.amap.com/marker?position=116.3972,39.9075&coordinate=wgs84";
        for (uri, name, text) in [
            (
                Some("geo:39.9075,116.3972;u=35"),
                Some("天安门"),
                Some(format!("📍 天安门\n39.9075, 116.3972\n{link}")),
            ),
            (
                Some("GEO:39.9075,116.3972,45;crs=WGS84"),
                Some("Location geo:39.9075,116.3972"),
                Some(format!("📍 39.9075, 116.3972\n{link}")),
            ),
            (Some("geo:91,0"), Some("the pole"), Some("📍 the pole".to_owned())),
            (Some("geo:1,2;crs=mars"), Some("a crater"), Some("📍 a crater".to_owned())),
            (Some("geo:nan,inf"), None, None),
            (Some("geo:"), Some(" "), None),
            (Some("ge"), None, None),
            (None, None, None),
        ] {
            assert_eq!(place_text(uri, name), text, "{uri:?} {name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_uri_is_read_without_a_panic(uri in any::<String>(), rest in "[-+0-9.,;a-z=]*") {
            place_text(Some(&uri), None);
            let Some(text) = place_text(Some(&format!("geo:{rest}")), None) else { return Ok(()) };
            prop_assert!(text.contains(MAP) && !text.contains(['<', '>']));
        }
    }
}
