//! Makes an address enough by itself, so that its request needs no cookie and a letter can name no picture of this
//! server but its own. Such an address says what it stands for, and bears a seal that nobody else can make.

use ring::hmac;

use crate::hex;

/// Seals addresses.
pub struct Seal(hmac::Key);

impl Seal {
    /// Makes a seal with a key that nobody knows.
    pub fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// Returns the text with the seal behind it.
    pub fn close(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        format!("{text}.{}", hex::encode(tag.as_ref()))
    }

    /// Returns the text, if the seal is ours.
    pub fn open<'t>(&self, sealed: &'t str) -> Option<&'t str> {
        let (text, tag) = sealed.rsplit_once('.')?;
        hmac::verify(&self.0, text.as_bytes(), &hex::decode(tag)?).ok()?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_have_sealed_is_opened() {
        let seal = Seal::new([1; 32]);
        let sealed = seal.close("1.2.three");
        assert_eq!(seal.open(&sealed), Some("1.2.three"));
        for forged in [sealed.replacen('2', "3", 1), sealed[..sealed.len() - 2].to_owned(), String::new(), "é.é".into()]
        {
            assert_eq!(seal.open(&forged), None, "{forged}");
        }
        assert_eq!(Seal::new([2; 32]).open(&sealed), None);
    }
}
