//! Serializes values of other rooms, for letters that go from one process to another.

/// Flags as their bits.
pub mod system {
    use mailbox::System;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(system: &System, to: S) -> Result<S::Ok, S::Error> {
        system.bits().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<System, D::Error> {
        Ok(System::from_bits(u8::deserialize(from)?))
    }
}

/// A time as its milliseconds.
pub mod time {
    use mail::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        time.0.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Ok(Timestamp(i64::deserialize(from)?))
    }
}

/// A special use as its attribute in LIST (RFC 6154).
pub mod special_use {
    use mailbox::SpecialUse;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(special_use: &Option<SpecialUse>, to: S) -> Result<S::Ok, S::Error> {
        special_use.map(SpecialUse::attribute).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SpecialUse>, D::Error> {
        let attribute = Option::<String>::deserialize(from)?;
        Ok(attribute.as_deref().and_then(SpecialUse::from_attribute))
    }
}

/// A UID as its number.
pub mod uid {
    use mailbox::Uid;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(uid: &Uid, to: S) -> Result<S::Ok, S::Error> {
        uid.get().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Uid, D::Error> {
        Uid::new(u32::deserialize(from)?).ok_or_else(|| D::Error::custom("a UID is not zero"))
    }
}
