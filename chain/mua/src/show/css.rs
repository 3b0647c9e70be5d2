//! Styles without what calls home. Every token is read and written again, so that what a browser reads is what was judged.

use cssparser::{Parser, ToCss, Token, TokenSerializationType};

/// `@media` in `@media` in …
const DEEPEST: u8 = 4;
/// Brackets in brackets in …
const DEEPEST_VALUE: u8 = 16;

/// Rules times elements: a quarter of a second of a browser's work, in the thread that the pages live in, too.
const MOST_COMPARISONS: usize = 4_000_000;

/// Decides about the address in a `url()`: where it is to lead, or `None` for nowhere.
pub type Reroute<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// Cleans what stands in a `style` attribute.
pub fn declarations(source: &str, reroute: &mut Reroute<'_>) -> String {
    let mut clean = String::with_capacity(source.len());
    block(&mut Parser::new(source), &mut clean, reroute);
    clean
}

/// Cleans what stands in a `<style>`, for a page of so many elements. The result holds no `<`. A browser may have to compare
/// each rule with each element, so where there are many of both the last rules are left out.
pub fn sheet(source: &str, elements: usize, reroute: &mut Reroute<'_>) -> String {
    let mut clean = String::with_capacity(source.len());
    let mut left = MOST_COMPARISONS / elements.max(1);
    rules(&mut Parser::new(source), &mut clean, reroute, &mut left, DEEPEST);
    clean
}

fn rules(input: &mut Parser<'_>, clean: &mut String, reroute: &mut Reroute<'_>, left: &mut usize, depth: u8) {
    while *left > 0
        && let Ok(token) = input.next()
    {
        match token.clone() {
            Token::AtKeyword(name) if is_group(&name) && depth > 0 => {
                let mut prelude = String::new();
                if !until_block(input, None, &mut prelude) {
                    continue;
                }
                clean.push_str(&format!("@{} {}{{", name.to_ascii_lowercase(), trimmed(&prelude)));
                let _ = input.parse_nested_block::<_, (), ()>(|inside| {
                    rules(inside, clean, reroute, left, depth - 1);
                    Ok(())
                });
                clean.push('}');
            }
            // @import and @font-face fetch; the others say nothing that a letter needs.
            Token::AtKeyword(_) => skip_rule(input),
            Token::CDO | Token::CDC | Token::Semicolon | Token::CurlyBracketBlock => {}
            first => {
                let mut selector = String::new();
                *left -= 1;
                if !until_block(input, Some(&first), &mut selector) {
                    continue;
                }
                *left = left.saturating_sub(selector.matches(',').count());
                clean.push_str(trimmed(&selector));
                clean.push('{');
                let _ = input.parse_nested_block::<_, (), ()>(|inside| {
                    block(inside, clean, reroute);
                    Ok(())
                });
                clean.push('}');
            }
        }
    }
}

fn is_group(name: &str) -> bool {
    ["media", "supports"].iter().any(|group| name.eq_ignore_ascii_case(group))
}

/// Behind an at-rule that is left out.
fn skip_rule(input: &mut Parser<'_>) {
    while let Ok(token) = input.next() {
        if matches!(token, Token::Semicolon | Token::CurlyBracketBlock) {
            return;
        }
    }
}

/// Writes what stands before a `{`. False: there is none, or something that has no place there; the rule is passed over.
fn until_block(input: &mut Parser<'_>, first: Option<&Token<'_>>, written: &mut String) -> bool {
    let mut writer = Writer::new(written);
    writer.selects = true;
    let mut nowhere: Box<Reroute<'_>> = Box::new(|_| None);
    if let Some(first) = first {
        writer.value(first, input, &mut *nowhere);
    }
    loop {
        match input.next_including_whitespace().cloned() {
            Ok(Token::CurlyBracketBlock) if writer.fit => return true,
            // What stands in the braces is passed over with them.
            Ok(Token::CurlyBracketBlock) | Err(_) => return false,
            Ok(token) => writer.value(&token, input, &mut *nowhere),
        }
    }
}

/// `name: value; name: value`
fn block(input: &mut Parser<'_>, clean: &mut String, reroute: &mut Reroute<'_>) {
    while let Ok(token) = input.next() {
        let Token::Ident(name) = token.clone() else {
            if !matches!(token, Token::Semicolon) {
                skip_rule(input);
            }
            continue;
        };
        if !matches!(input.next(), Ok(Token::Colon)) {
            skip_rule(input);
            continue;
        }
        let mut value = String::new();
        let mut writer = Writer::new(&mut value);
        writer.fit = !is_code(&name);
        while let Ok(token) = input.next_including_whitespace().cloned() {
            if token == Token::Semicolon {
                break;
            }
            writer.value(&token, input, reroute);
        }
        let is_fit = writer.fit;
        let mut property = String::new();
        let named = cssparser::serialize_identifier(&name, &mut property).is_ok() && !property.contains('<');
        if is_fit && named && !trimmed(&value).is_empty() {
            clean.push_str(&format!("{property}:{};", trimmed(&value)));
        }
    }
}

/// Without the blanks around it. A blank behind a backslash belongs to that, and without it the backslash would change what
/// follows.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start();
    let bare = text.trim_end();
    let backslashes = bare.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let escaped = text.chars().nth(bare.chars().count()).filter(|_| backslashes % 2 == 1);
    text.get(..bare.len() + escaped.map_or(0, char::len_utf8)).unwrap_or(bare)
}

/// What ran code in browsers of old.
fn is_code(name: &str) -> bool {
    ["behavior", "-moz-binding", "-ms-behavior"].iter().any(|bad| name.eq_ignore_ascii_case(bad))
}

/// Functions that take an address as a plain string.
fn fetches(name: &str) -> bool {
    const FETCHING: [&str; 7] =
        ["image", "image-set", "-webkit-image-set", "src", "cross-fade", "-webkit-cross-fade", "expression"];
    FETCHING.iter().any(|bad| name.eq_ignore_ascii_case(bad))
}

/// Units of the height of the window: it is as tall as the letter, which would grow with each of them.
fn is_of_the_window(unit: &str) -> bool {
    let unit = unit.to_ascii_lowercase();
    let bare = unit.strip_prefix(['s', 'l', 'd']).unwrap_or(&unit);
    matches!(bare, "vh" | "vb" | "vmin" | "vmax") || matches!(unit.as_str(), "cqh" | "cqb" | "cqmin" | "cqmax")
}

/// Writes tokens again; `fit` is false once something was there that must not be shown.
struct Writer<'c> {
    clean: &'c mut String,
    last: TokenSerializationType,
    fit: bool,
    depth: u8,
    /// These are selectors (or what a media query asks for).
    selects: bool,
}

impl<'c> Writer<'c> {
    fn new(clean: &'c mut String) -> Self {
        Self { clean, last: TokenSerializationType::Nothing, fit: true, depth: DEEPEST_VALUE, selects: false }
    }
}

impl Writer<'_> {
    /// Writes one token, and all that is in its brackets.
    fn value(&mut self, token: &Token<'_>, input: &mut Parser<'_>, reroute: &mut Reroute<'_>) {
        match token {
            Token::UnquotedUrl(url) => self.url(reroute(url)),
            Token::Function(name) if name.eq_ignore_ascii_case("url") => {
                let address = input.parse_nested_block::<_, _, ()>(|inside| match inside.next() {
                    Ok(Token::QuotedString(url)) => Ok(reroute(url)),
                    _ => Ok(None),
                });
                self.url(address.ok().flatten());
            }
            // “After any of these” and “around any of these” are looked for among all elements, for each of them.
            Token::Delim('~') if self.selects => self.fit = false,
            Token::Function(name) => {
                // Readers do not agree on which characters are letters: what is "←url(" to us is "url(" to another, to
                // whom a quotation mark in it then begins no string.
                let alike = name.is_ascii();
                self.fit &= alike && !(fetches(name) || self.selects && name.eq_ignore_ascii_case("has"));
                self.plain(token);
                self.nested(input, reroute, ")");
            }
            Token::ParenthesisBlock => {
                self.plain(token);
                self.nested(input, reroute, ")");
            }
            Token::SquareBracketBlock => {
                self.plain(token);
                self.nested(input, reroute, "]");
            }
            Token::CurlyBracketBlock | Token::AtKeyword(_) => self.fit = false,
            Token::WhiteSpace(_) => {
                self.clean.push(' ');
                self.last = TokenSerializationType::Nothing;
            }
            Token::QuotedString(text) => self.string(text),
            Token::Dimension { unit, .. } if is_of_the_window(unit) => self.fit = false,
            token if token.is_parse_error() => self.fit = false,
            token => self.plain(token),
        }
    }

    fn nested(&mut self, input: &mut Parser<'_>, reroute: &mut Reroute<'_>, close: &str) {
        if self.depth == 0 {
            self.fit = false;
            return;
        }
        self.depth -= 1;
        let _ = input.parse_nested_block::<_, (), ()>(|inside| {
            while let Ok(token) = inside.next_including_whitespace().cloned() {
                self.value(&token, inside, reroute);
            }
            Ok(())
        });
        self.depth += 1;
        self.clean.push_str(close);
        self.last = TokenSerializationType::Nothing;
    }

    fn plain(&mut self, token: &Token<'_>) {
        let kind = token.serialization_type();
        if self.last.needs_separator_when_before(kind) {
            self.clean.push_str("/**/");
        }
        let before = self.clean.len();
        let written = token.to_css(self.clean).is_ok();
        // Nothing may end the element that this stands in.
        self.fit &= written && !self.clean.get(before..).unwrap_or_default().contains('<');
        self.last = kind;
    }

    fn string(&mut self, text: &str) {
        let mut quoted = String::with_capacity(text.len() + 2);
        self.fit &= cssparser::serialize_string(text, &mut quoted).is_ok();
        self.clean.push_str(&quoted.replace('<', "\\3c "));
        self.last = TokenSerializationType::Nothing;
    }

    fn url(&mut self, address: Option<String>) {
        let Some(address) = address else {
            self.fit = false;
            return;
        };
        self.clean.push_str("url(");
        self.string(&address);
        self.clean.push(')');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(source: &str) -> String {
        sheet(source, 100, &mut |_| None)
    }

    #[test]
    fn harmless_styles_stay() {
        assert_eq!(clean("p.x > a:hover { color : red; margin:0 auto }"), "p.x > a:hover{color:red;margin:0 auto;}");
        assert_eq!(
            clean("@media (max-width:600px){td{width:100%!important}}"),
            "@media (max-width:600px){td{width:100%!important;}}"
        );
        assert_eq!(
            declarations("color:#fff;font:12px/1.5 'A B',serif", &mut |_| None),
            "color:#fff;font:12px/1.5 \"A B\",serif;"
        );
        assert_eq!(declarations("width:calc(100% - 2px)", &mut |_| None), "width:calc(100% - 2px);");
    }

    #[test]
    fn nothing_is_as_tall_as_the_window_that_is_as_tall_as_the_letter() {
        for unit in ["vh", "VH", "svh", "lvh", "dvh", "vb", "dvb", "vmin", "lvmax", "cqh", "cqmin"] {
            assert_eq!(clean(&format!("p{{min-height:110{unit};top:0}}")), "p{top:0;}", "{unit}");
            assert_eq!(clean(&format!("p{{height:calc(100{unit} + 2px)}}")), "p{}", "{unit}");
        }
        assert_eq!(clean("p{width:50vw;height:3ch}"), "p{width:50vw;height:3ch;}");
    }

    #[test]
    fn what_only_some_read_as_an_address_goes() {
        let hidden = "background:←url(a\"b);background:url(http://evil.test/);\"c)";
        assert_eq!(declarations(hidden, &mut |_| None), "");
        assert_eq!(clean("←url(cid:1){color:red}"), "");
        assert_eq!(clean("-@import 'x';@media x{}p{color:red}"), "p{color:red;}");
        assert_eq!(declarations("font:12px 'Café',été", &mut |_| None), "font:12px \"Café\",été;");
    }

    #[test]
    fn what_calls_home_goes() {
        for bad in [
            "@import 'http://evil.test/x.css';",
            "@font-face{font-family:x;src:url(http://evil.test/x)}",
            "a{background:url(http://evil.test/x)}",
            "a{background:u\\72l(\"http://evil.test/x\")}",
            "a{background:URL( 'http://evil.test/x' )}",
            "a{background:image-set('http://evil.test/x' 1x)}",
            "a{--x:url(http://evil.test/)}",
            "a{cursor:url(//evil.test/c),auto}",
            "a{x:calc(1 + url(http://evil.test/x))}",
            "a{behavior:url(#evil)}",
            "a{width:expression(evil())}",
            "a{background:url(http://evil.test/x",
            "@media x{@import url(//evil.test/)}",
            "a[x=url(//evil.test)]{color:red}",
        ] {
            assert!(!clean(bad).contains("evil"), "{bad} → {}", clean(bad));
        }
        assert_eq!(clean("a{background:url(//evil.test/x);color:red}"), "a{color:red;}");
    }

    #[test]
    fn an_address_can_be_led_elsewhere() {
        let mut led = |url: &str| url.strip_prefix("cid:").map(|id| format!("/part/{id}\"x"));
        assert_eq!(declarations("background:url(cid:logo) top", &mut led), "background:url(\"/part/logo\\\"x\") top;");
    }

    #[test]
    fn nothing_ends_the_element_or_swallows_what_follows() {
        assert!(!clean("a{content:'</style><script>'}").contains('<'));
        assert_eq!(clean("a{color:red"), "a{color:red;}");
        assert_eq!(clean("a{content:\"open"), "a{content:\"open\";}");
        assert_eq!(clean("<!-- a{color:red} -->"), "a{color:red;}");
    }

    #[test]
    fn an_escaped_blank_at_the_end_stays_with_its_backslash() {
        assert_eq!(clean("a\\ {color:red}"), "a\\ {color:red;}");
        assert_eq!(clean("a{color:red\\ ;top:0}"), "a{color:red\\ ;top:0;}");
        assert_eq!(clean("\\ {"), clean(&clean("\\ {")));
    }

    #[test]
    fn selectors_that_a_browser_is_long_busy_with_go() {
        assert_eq!(
            clean("a ~ b{color:red}a:has(> b){color:red}:not(:is(a ~ b)){color:red}a+b{color:red}"),
            "a+b{color:red;}"
        );
        assert_eq!(clean("[class~=x]{color:red}"), "[class~=x]{color:red;}");
        let many = "p,q{color:red}".repeat(1_000);
        let kept = |elements| sheet(&many, elements, &mut |_| None).matches('{').count();
        assert_eq!(kept(100), 1_000);
        assert_eq!(kept(MOST_COMPARISONS / 100), 50);
    }

    #[test]
    fn brackets_without_end_are_no_trouble() {
        clean(&"a(".repeat(100_000));
        clean(&"@media x{".repeat(100_000));
        declarations(&format!("x:{}", "(".repeat(100_000)), &mut |_| None);
    }

    proptest! {
        #[test]
        fn what_was_cleaned_is_clean(source in "[a-z@{}()\\[\\]:;\"'\\\\ /*<>!#.,url-]{0,80}") {
            let once = clean(&source);
            prop_assert!(!once.contains('<'));
            prop_assert!(!once.to_lowercase().contains("url(h"));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
