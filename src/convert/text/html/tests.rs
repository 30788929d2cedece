use proptest::prelude::*;

use super::*;

#[track_caller]
fn shows(html: &str, text: &str) {
    assert_eq!(render(html).unwrap_or_default(), text, "{html}");
}

#[test]
fn paragraphs_headings_and_line_breaks_keep_their_lines() {
    shows("one<br>two<br/>\nthree", "one\ntwo\nthree");
    shows("<p>one\n  two</p>\n<p>three</p>\n", "one two\n\nthree");
    shows("one<br><br>two<br><br><br><br><br>three", "one\n\ntwo\n\n\nthree");
    shows("<h1>Title</h1>text <b>bold</b>, <i>it</i>alic", "# Title\n\ntext **bold**, *it*alic");
    shows("<div>one</div><div>two</div>", "one\ntwo");
    shows("above<hr>below", "above\n\n---\n\nbelow");
    shows("a &amp; b &lt;c&gt; &#x4F60;&nbsp;&copy;x", "a & b <c> 你\u{a0}©x");
    shows("<del>old</del> new</del>", "~~old~~ new");
}

#[test]
fn lists_have_bullets_and_numbers_and_are_indented() {
    shows("<ul>\n<li>one</li>\n<li>two</li>\n</ul>", "• one\n• two");
    shows("<p>a:</p><ol><li>one</li><li>two</li></ol><p>b</p>", "a:\n\n1. one\n2. two\n\nb");
    shows("<ol start=\"9\"><li>one<li>two<br>more</ol>", "9. one\n10. two\n    more");
    shows(
        "<ul><li>a<ol><li>b</li><li>c<ul><li>d</li></ul></li></ol></li><li>e</li></ul>",
        "• a\n  1. b\n  2. c\n     • d\n• e",
    );
    shows("<ul><li><p>one</p></li><li><p>two</p><p>more</p></li></ul>", "• one\n• two\n  more");
    shows("<ol start=999999999><li>a<li>b</ol>", "999999. a\n1000000. b");
    shows("<li>lost</li>", "• lost");
}

#[test]
fn quotes_have_one_mark_per_line() {
    shows("<blockquote>one<br>two</blockquote>three", "> one\n> two\n\nthree");
    shows("<blockquote><p>one</p><p>two</p></blockquote>", "> one\n>\n> two");
    shows(
        "<blockquote>a<blockquote>b</blockquote>c</blockquote><blockquote>d</blockquote>",
        "> a\n>\n> b\n>\n> c\n\n> d",
    );
    shows("<blockquote><ul><li>a</li><li>b</li></ul></blockquote>", "> • a\n> • b");
    shows("<ul><li><blockquote>a</blockquote></li></ul>", "• > a");
}

#[test]
fn code_keeps_its_white_space() {
    shows(
        "<p>see <code>a  b</code></p><pre><code class=\"language-rust\">fn  main() {\n\n    \
         x &lt; 1;\n}\n</code></pre><p>end</p>",
        "see `a b`\n\n```rust\nfn  main() {\n\n    x < 1;\n}\n```\n\nend",
    );
    shows("<pre>  a\n\n\n\n\n  b</pre>", "```\n  a\n\n\n\n\n  b\n```");
    shows("<pre><span>let</span> <span>x</span>\t= 1;   \n</pre>", "```\nlet x\t= 1;\n```");
    shows("<pre></pre>a<pre>b", "a\n\n```\nb");
}

#[test]
fn marks_stand_at_their_words_and_only_where_wechat_shows_them() {
    shows("a<b> bold </b>b", "a **bold** b");
    shows("<b></b>a<strong>b<em>c</em></strong>", "a**b*c***");
    shows("<i>你好</i> <em>you, 你</em> <i>so</i>", "你好 you, 你 *so*");
    shows("<i>你<b>好</i>x</b>", "你**好x**");
    shows("</b>a</i><code></code>", "a");
    shows("<h4>four</h4><h5>five</h5>", "#### four\n\nfive");
}

#[test]
fn raised_and_lowered_text_is_told_from_the_line() {
    shows("10<sup>6</sup>", "10⁶");
    shows("10<sup>-3</sup> m, H<sub>2</sub>O", "10⁻³ m, H₂O");
    shows("the 5<sup>th</sup> day", "the 5ᵗʰ day");
    shows("x<sup>α+1</sup> y<sub>max, q</sub>", "x^(α+1) y_(max, q)");
    shows("x<sup> 2 </sup>y", "x ² y");
    shows("x<sup></sup>y<sup> </sup>z", "xy z");
    shows("<b>a<sup>2</sup></b>", "**a²**");
    shows("a<sup><a href=\"https://a.example\">1</a></sup>b", "a¹ (https://a.example)b");
    shows("a<sup>1<sub>2</sub></sup>b<sup>3", "a¹₂b³");
    shows("<pre>a<sup>2</sup></pre>", "```\na²\n```");
}

#[test]
fn marks_in_code_and_bars_in_cells_do_not_end_them() {
    shows("<code>a`b</code>", "``a`b``");
    shows("<code>`a``</code> c", "``` `a`` ``` c");
    shows("<b><code>a`b</code> c</b>", "**``a`b`` c**");
    shows("<pre>a\n```\nb</pre>", "````\na\n```\nb\n````");
    shows("<blockquote><pre>a\n````</pre></blockquote>", "> `````\n> a\n> ````\n> `````");
    shows(
        "<table><tr><td>a|b</td><td><code>c|d</code><br>e</td></tr></table>",
        "| a｜b | `c｜d` e |\n| --- | --- |",
    );
    shows("a|b", "a|b");
    shows("<del> old </del>new <s></s>", "~~old~~ new");
    shows(
        "<a href=\"https://a.example\"><del>https://a.example</del></a>",
        "~~https://a.example~~",
    );
}

#[test]
fn formulas_are_shown_as_they_are_written() {
    shows("<span data-mx-maths=\"\\alpha\"><code>fallback</code></span>!", "`\\alpha`!");
    shows("a <div data-mx-maths=\"x^2\"></div>b", "a\n\n`x^2`\n\nb");
    shows("<span data-mx-maths=\"\">y</span>", "y");
}

#[test]
fn links_show_their_address_and_pills_their_name() {
    let pill = "https://matrix.to/#/@may:example.org";
    shows("<a href=\"https://a.example/b\">here</a>.", "here (https://a.example/b).");
    shows("<a href=\"https://a.example/\">https://a.example</a>", "https://a.example");
    shows("<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example");
    shows("<a href=\"https://a.example\"></a>", "https://a.example");
    shows("<a href=\"https://a.example\"><img src=\"mxc://a/b\"></a>", "https://a.example");
    shows(&format!("<a href=\"{pill}\">May</a>: hi"), "May: hi");
    shows("<a href=\"matrix:u/may:example.org\">May</a>", "May");
    shows("<a href=\"javascript:x()\">no</a> <a href=\"/b\">b</a> <a>c</a>", "no b c");
    shows(
        "<a href=\"https://a.example\">a<a href=\"https://b.example\">b",
        "a (https://a.example)b (https://b.example)",
    );
}

#[test]
fn pictures_spoilers_and_tables_stay_readable() {
    shows("hi <img data-mx-emoticon alt=\":cat:\" src=\"mxc://a/b\">!", "hi :cat:!");
    shows("<img src=\"mxc://a/b\" title=\"a cat\"> <img src=\"mxc://a/b\">", "a cat");
    shows("<span data-mx-spoiler>he dies</span>", "he dies");
    shows("see <span data-mx-spoiler=\"film\">he dies</span>", "see (film) he dies");
    shows(
        "<p>t</p><table><thead><tr><th>a</th><th>b</th></tr></thead>\n<tbody><tr><td>1</td>\n\
         <td><p>2</p><p>3</p></td></tr></tbody></table>end",
        "t\n\n| a | b |\n| --- | --- |\n| 1 | 2 3 |\n\nend",
    );
    shows(
        "<details><summary>more</summary>text</details>",
        "more
text",
    );
}

#[test]
fn what_is_not_for_reading_is_left_out() {
    let reply = "<mx-reply><blockquote><a href=\"https://matrix.to/#/!r\">In reply to</a>\
                 <br>old</blockquote></mx-reply>new";
    shows(reply, "new");
    shows("a<script>if (a < b) { \"</b>\" }</script><style>p{}</style><!-- c -->b", "ab");
    shows("<title>a<title>b</title>c</title>d", "d");
    assert_eq!(render("<mx-reply>never closed"), None);
    assert_eq!(render(" <p>\n</p><br>"), None);
}

#[test]
fn html_out_of_bounds_is_not_rendered() {
    assert_eq!(render(&"x".repeat(MAX_HTML_BYTES + 1)), None);
    assert_eq!(render(&format!("{}x", "<blockquote>".repeat(100))), None);
    let wide = format!("{}{}", "<ol start=99999><li>a".repeat(30), "<br>b".repeat(12_000));
    assert_eq!(render(&wide), None);
    shows(&format!("{}x", "<div>".repeat(10_000)), "x");
}

fn pieces() -> impl Strategy<Value = String> {
    let tag = "</?(a|b|p|br|ul|ol|li|pre|code|blockquote|mx-reply|table|tr|td|img|del|div|span)\
               ( (href|alt|start|data-mx-spoiler)=\"?[a-z0-9:/]{0,9}\"?)?/?>";
    prop::collection::vec(prop_oneof![tag, "[ \n\ta-z你&;<>\"]{0,6}", any::<String>()], 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_html_is_read_without_a_panic(html in pieces()) {
        if let Some(text) = render(&html) {
            prop_assert!(!text.trim().is_empty());
        }
    }

    #[test]
    fn words_come_through_in_their_order(words in prop::collection::vec("[a-z]{1,5}", 1..20)) {
        let html: String = words.iter().map(|word| format!("<li><b>{word}</b><blockquote>")).collect();
        let text = render(&html).unwrap();
        let seen: Vec<_> = text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
        prop_assert_eq!(seen, words);
    }
}
