//! The emoji that WeChat writes as names in brackets, converted to Unicode.
//!
//! A phone sends `[微笑]` or `[Smile]`, depending on its language, for each of the app's own emoji.
//! One without an equivalent Unicode character stays as it is written, and so does every other word
//! in brackets. The other direction needs no conversion: phones show Unicode.

use std::borrow::Cow;

/// Returns the text with WeChat's emoji as Unicode.
pub fn faces_to_unicode(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        shown.push_str(before);
        match code_at(from) {
            Some((code, face)) => {
                shown.push_str(face);
                rest = &from[code..];
            }
            None => {
                shown.push('[');
                rest = &from[1..];
            }
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Returns the length of the code at the beginning of `text`, brackets included, and its emoji.
fn code_at(text: &str) -> Option<(usize, &'static str)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.bytes().take(LONGEST).position(|byte| byte == b']')?;
    let name = inner.get(..end)?;
    let found = FACES.iter().find(|(zh, en, _)| name == *zh || name == *en);
    found.map(|(_, _, face)| (end + 2, *face))
}

/// The greatest length of a name in bytes, closing bracket included.
const LONGEST: usize = 20;

/// Each emoji as Chinese name, English name, Unicode.
const FACES: [(&str, &str, &str); 107] = [
    ("微笑", "Smile", "🙂"),
    ("撇嘴", "Grimace", "😟"),
    ("色", "Drool", "😍"),
    ("发呆", "Scowl", "😳"),
    ("得意", "CoolGuy", "😎"),
    ("流泪", "Sob", "😢"),
    ("害羞", "Shy", "☺️"),
    ("闭嘴", "Silent", "🤐"),
    ("睡", "Sleep", "😴"),
    ("大哭", "Cry", "😭"),
    ("尴尬", "Awkward", "😬"),
    ("发怒", "Angry", "😡"),
    ("调皮", "Tongue", "😜"),
    ("呲牙", "Grin", "😁"),
    ("惊讶", "Surprise", "😮"),
    ("难过", "Frown", "🙁"),
    ("囧", "Blush", "😖"),
    ("抓狂", "Scream", "😫"),
    ("吐", "Puke", "🤮"),
    ("偷笑", "Chuckle", "🤭"),
    ("愉快", "Joyful", "😊"),
    ("白眼", "Slight", "🙄"),
    ("傲慢", "Smug", "😤"),
    ("困", "Drowsy", "😪"),
    ("惊恐", "Panic", "😱"),
    ("流汗", "Sweat", "😓"),
    ("憨笑", "Laugh", "😄"),
    ("悠闲", "Commando", "😌"),
    ("奋斗", "Determined", "💪"),
    ("咒骂", "Scold", "🤬"),
    ("疑问", "Shocked", "❓"),
    ("嘘", "Shhh", "🤫"),
    ("晕", "Dizzy", "😵"),
    ("衰", "Toasted", "🥴"),
    ("骷髅", "Skull", "💀"),
    ("敲打", "Hammer", "🔨"),
    ("再见", "Wave", "👋"),
    ("擦汗", "Speechless", "😥"),
    ("抠鼻", "NosePick", "🤏"),
    ("鼓掌", "Clap", "👏"),
    ("坏笑", "Trick", "😏"),
    ("左哼哼", "Bah！L", "😒"),
    ("右哼哼", "Bah！R", "😒"),
    ("哈欠", "Yawn", "🥱"),
    ("鄙视", "Pooh-pooh", "👎"),
    ("委屈", "Shrunken", "😞"),
    ("快哭了", "TearingUp", "🥺"),
    ("阴险", "Sly", "😈"),
    ("亲亲", "Kiss", "😘"),
    ("可怜", "Whimper", "🥺"),
    ("笑脸", "Happy", "😃"),
    ("生病", "Sick", "🤒"),
    ("脸红", "Flushed", "😳"),
    ("破涕为笑", "Lol", "😂"),
    ("恐惧", "Terror", "😨"),
    ("失望", "LetDown", "😔"),
    ("无语", "Duh", "😑"),
    ("嘿哈", "Hey", "✌️"),
    ("捂脸", "Facepalm", "🤦"),
    ("奸笑", "Smirk", "😼"),
    ("机智", "Smart", "🤓"),
    ("皱眉", "Concerned", "😣"),
    ("耶", "Yeah!", "✌️"),
    ("吃瓜", "Onlooker", "🍉"),
    ("加油", "GoForIt", "💪"),
    ("汗", "Sweats", "😅"),
    ("天啊", "OMG", "😱"),
    ("Emm", "Emm", "🤔"),
    ("社会社会", "Respect", "🙏"),
    ("旺柴", "Doge", "🐶"),
    ("好的", "NoProb", "👌"),
    ("打脸", "MyBad", "🤕"),
    ("哇", "Wow", "🤩"),
    ("翻白眼", "Boring", "🙄"),
    ("666", "Awesome", "🤙"),
    ("让我看看", "LetMeSee", "🫣"),
    ("叹气", "Sigh", "😮‍💨"),
    ("苦涩", "Hurt", "🥹"),
    ("裂开", "Broken", "💔"),
    ("嘴唇", "Lips", "👄"),
    ("爱心", "Heart", "❤️"),
    ("心碎", "BrokenHeart", "💔"),
    ("拥抱", "Hug", "🤗"),
    ("强", "ThumbsUp", "👍"),
    ("弱", "ThumbsDown", "👎"),
    ("握手", "Shake", "🤝"),
    ("胜利", "Peace", "✌️"),
    ("抱拳", "Fight", "🙏"),
    ("勾引", "Beckon", "🫵"),
    ("拳头", "Fist", "✊"),
    ("OK", "OK", "👌"),
    ("合十", "Worship", "🙏"),
    ("啤酒", "Beer", "🍺"),
    ("咖啡", "Coffee", "☕"),
    ("蛋糕", "Cake", "🎂"),
    ("玫瑰", "Rose", "🌹"),
    ("凋谢", "Wilt", "🥀"),
    ("菜刀", "Cleaver", "🔪"),
    ("炸弹", "Bomb", "💣"),
    ("便便", "Poop", "💩"),
    ("月亮", "Moon", "🌙"),
    ("太阳", "Sun", "🌞"),
    ("庆祝", "Party", "🎉"),
    ("礼物", "Gift", "🎁"),
    ("红包", "Packet", "🧧"),
    ("烟花", "Fireworks", "🎆"),
    ("爆竹", "Firecracker", "🧨"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faces_are_shown_and_other_brackets_stay() {
        for (text, shown) in [
            ("你好[微笑]", "你好🙂"),
            ("[Smile][ThumbsUp] ok", "🙂👍 ok"),
            ("[OK]", "👌"),
            ("[破涕为笑]x[", "😂x["),
            ("[[强]]", "[👍]"),
            ("[转圈] stays", "[转圈] stays"),
            ("a[0] = [1, 2]", "a[0] = [1, 2]"),
            ("[smile]", "[smile]"),
            ("[微笑", "[微笑"),
            ("", ""),
        ] {
            assert_eq!(faces_to_unicode(text), shown, "{text}");
        }
    }

    #[test]
    fn text_without_brackets_is_not_copied() {
        assert!(matches!(faces_to_unicode("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn every_name_is_found_and_no_name_means_two_faces() {
        for (zh, en, face) in FACES {
            for name in [zh, en] {
                assert_eq!(faces_to_unicode(&format!("[{name}]")), face, "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn text_without_a_closing_bracket_stays(text in "[^\\]]*") {
            prop_assert_eq!(faces_to_unicode(&text), text.as_str());
        }
    }
}
