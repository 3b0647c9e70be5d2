//! The properties that a letter may set, and the limits of their values: those for the look of words and boxes. Every
//! other property means nothing in a letter, or lets a few octets keep a browser busy for long: variables that double
//! each other, columns in columns, filters, blends, transformations, masks.

/// The most octets of one value, addresses not counted.
const LONGEST: usize = 2_000;
/// Commas of a value: layers of a background and the stops of its gradients, names of fonts.
const MOST_COMMAS: usize = 48;
/// Commas of a shadow: three shadows with colours written as `rgba(…)`.
const MOST_COMMAS_OF_SHADOWS: usize = 12;
/// The most pixels (or other units) of a length, and of one in a shadow: its blur is computed for each point.
const LONGEST_LENGTH: f32 = 10_000.0;
const LONGEST_LENGTH_OF_SHADOWS: f32 = 60.0;
/// The most octets of a text in a value: the name of a font, a bullet. A style can write it a thousand times.
pub const LONGEST_TEXT: usize = 64;

/// The properties in alphabetical order.
const KEPT: [&str; 98] = [
    "-ms-text-size-adjust",
    "-webkit-font-smoothing",
    "-webkit-text-size-adjust",
    "align-content",
    "align-items",
    "align-self",
    "aspect-ratio",
    "background",
    "background-clip",
    "background-color",
    "background-image",
    "background-origin",
    "background-position",
    "background-position-x",
    "background-position-y",
    "background-repeat",
    "background-size",
    "bottom",
    "box-shadow",
    "box-sizing",
    "break-after",
    "break-before",
    "break-inside",
    "caption-side",
    "clear",
    "color",
    "color-scheme",
    "column-gap",
    "content",
    "cursor",
    "direction",
    "display",
    "empty-cells",
    "flex",
    "flex-basis",
    "flex-direction",
    "flex-flow",
    "flex-grow",
    "flex-shrink",
    "flex-wrap",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "gap",
    "height",
    "inset",
    "justify-content",
    "justify-items",
    "justify-self",
    "left",
    "letter-spacing",
    "line-break",
    "line-height",
    "object-fit",
    "object-position",
    "opacity",
    "order",
    "orphans",
    "outline",
    "overflow",
    "overflow-wrap",
    "overflow-x",
    "overflow-y",
    "page-break-after",
    "page-break-before",
    "page-break-inside",
    "position",
    "right",
    "row-gap",
    "tab-size",
    "table-layout",
    "text-align",
    "text-align-last",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-decoration-style",
    "text-indent",
    "text-overflow",
    "text-shadow",
    "text-size-adjust",
    "text-transform",
    "text-underline-offset",
    "top",
    "unicode-bidi",
    "vertical-align",
    "visibility",
    "white-space",
    "widows",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];

/// The properties with one for each side, corner or end; and those of lists.
const FAMILIES: [&str; 7] = ["border", "list-style", "margin", "max", "min", "padding", "z-index"];

/// Returns true if a letter may set it. `name` is in small letters.
pub fn is_kept(name: &str) -> bool {
    let is_of = |family: &str| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    KEPT.binary_search(&name).is_ok() || (FAMILIES.into_iter().any(is_of) && !name.starts_with("border-image"))
}

/// Returns true for the one value with which a browser reads all of a text for each line: 16 s for two megabytes.
pub fn is_slow(name: &str, value: &str) -> bool {
    name == "unicode-bidi" && value.to_ascii_lowercase().contains("plaintext")
}

/// Returns true for a property that asks for fonts, by their names and sizes.
pub fn asks_for_fonts(name: &str) -> bool {
    matches!(name, "font" | "font-family" | "font-size")
}

/// The extent of the tokens of one value.
#[derive(Default)]
pub struct Extent {
    pub octets: usize,
    pub commas: usize,
    pub longest_length: f32,
}

impl Extent {
    /// Returns true if that is no more than a letter needs for this property.
    pub fn is_fit_for(&self, name: &str) -> bool {
        let (commas, length) = match is_shadow(name) {
            true => (MOST_COMMAS_OF_SHADOWS, LONGEST_LENGTH_OF_SHADOWS),
            false => (MOST_COMMAS, LONGEST_LENGTH),
        };
        self.octets <= LONGEST && self.commas <= commas && self.longest_length <= length
    }
}

fn is_shadow(name: &str) -> bool {
    matches!(name, "box-shadow" | "text-shadow")
}

/// Returns the cost of a declaration for each element that it applies to, in the unit of [`super::super::weight`].
pub fn weight(name: &str, value: &str) -> usize {
    match name {
        _ if is_shadow(name) => 300,
        "opacity" | "content" => 100,
        "position" | "float" | "display" | "overflow" | "overflow-x" | "overflow-y" => 50,
        "background" | "background-image" if value.contains('(') => 100,
        _ if name.starts_with("border") => 10,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_letters_set_is_kept() {
        assert!(KEPT.is_sorted());
        for name in ["color", "border-top-left-radius", "margin", "max-width", "z-index", "list-style-type", "width"] {
            assert!(is_kept(name), "{name}");
        }
        for name in ["--x", "columns", "filter", "transform", "border-image", "minx", "mask", "animation", "all", ""] {
            assert!(!is_kept(name), "{name}");
        }
    }
}
