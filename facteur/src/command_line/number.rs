//! Whole numbers on the command line.

use std::fmt::Display;
use std::str::FromStr;

use crate::language::say;

/// Reads a whole number from `least` to `most`; another text is an error in the person's language.
pub fn from_to<N>(least: N, most: N) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse::<N>().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| say!("write a number from {least} to {most}", "écrivez un nombre de {least} à {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_between_the_two_are_taken() {
        let minutes = from_to::<u64>(1, 1440);
        assert_eq!(minutes("5"), Ok(5));
        for bad in ["", "0", "1441", "-1", "1.5", "five", "99999999999999999999"] {
            assert!(minutes(bad).is_err_and(|told| told.contains("1440")), "{bad}");
        }
    }
}
