//! Parameters and columns.

use bytes::Bytes;

use crate::blob_id::BlobId;
use crate::engine::Columns;
use crate::error::{Error, Result};

/// A parameter or the value of a column, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number; also a truth value (0 or 1).
    Integer(i64),
    /// A text. The octet 0, which PostgreSQL does not keep in one, is written as U+FFFD.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A number beyond 2⁶³-1, which no engine can hold: the statement it is given to fails.
    TooLarge,
}

/// A type that can be a parameter of a statement.
pub trait ToValue {
    /// The value as the database takes it.
    fn to_value(&self) -> Value<'_>;
}

/// A type that can be read from a column.
pub trait FromValue: Sized {
    /// The kind of value that a column of this type holds, for the message when it does not.
    const WANTED: &'static str;
    /// The value, or `None` if it is of another kind or out of range.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

/// Parameters `$1, $2, …` of a statement: `params![folder, uid]`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Value<'_>] };
    ($($value:expr),+ $(,)?) => { &[$($crate::ToValue::to_value(&$value)),+] as &[$crate::Value<'_>] };
}

/// One row of an answer.
pub struct Row<'r> {
    columns: &'r dyn Columns,
}

impl<'r> Row<'r> {
    pub(crate) fn new(columns: &'r dyn Columns) -> Self {
        Self { columns }
    }

    /// The value of a column, counted from 0.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        T::from_value(self.columns.value(column)?).ok_or(Error::Type { column, wanted: T::WANTED })
    }

    /// The bytes of a column (or of its text), without a copy; empty if it is NULL.
    pub fn bytes(&self, column: usize) -> Result<&'r [u8]> {
        match self.columns.value(column)? {
            Value::Blob(bytes) => Ok(bytes),
            Value::Text(text) => Ok(text.as_bytes()),
            Value::Null => Ok(b""),
            _ => Err(Error::Type { column, wanted: "bytes" }),
        }
    }

    /// The text of a column, without a copy.
    pub fn text(&self, column: usize) -> Result<&'r str> {
        match self.columns.value(column)? {
            Value::Text(text) => Ok(text),
            _ => Err(Error::Type { column, wanted: "a text" }),
        }
    }

    /// The raw value of a column.
    pub fn value(&self, column: usize) -> Result<Value<'r>> {
        self.columns.value(column)
    }
}

macro_rules! small_integers {
    ($($kind:ty),+) => {$(
        impl ToValue for $kind {
            fn to_value(&self) -> Value<'_> {
                Value::Integer(i64::from(*self))
            }
        }
        impl FromValue for $kind {
            const WANTED: &'static str = concat!("a number of type ", stringify!($kind));
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Integer(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )+};
}
small_integers!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! large_integers {
    ($($kind:ty),+) => {$(
        impl ToValue for $kind {
            fn to_value(&self) -> Value<'_> {
                i64::try_from(*self).map_or(Value::TooLarge, Value::Integer)
            }
        }
        impl FromValue for $kind {
            const WANTED: &'static str = "a number that is not negative";
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Integer(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )+};
}
large_integers!(u64, usize);

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl FromValue for bool {
    const WANTED: &'static str = "a truth value";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number != 0),
            _ => None,
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl FromValue for String {
    const WANTED: &'static str = "a text";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl FromValue for Box<str> {
    const WANTED: &'static str = "a text";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.into()),
            _ => None,
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl<const N: usize> FromValue for [u8; N] {
    const WANTED: &'static str = "bytes of a fixed number";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl FromValue for Vec<u8> {
    const WANTED: &'static str = "bytes";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl ToValue for Bytes {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl FromValue for Bytes {
    const WANTED: &'static str = "bytes";
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(Bytes::copy_from_slice(bytes)),
            _ => None,
        }
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WANTED: &'static str = T::WANTED;
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl ToValue for BlobId {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(self.0)
    }
}

impl FromValue for BlobId {
    const WANTED: &'static str = "the number of a blob";
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(BlobId)
    }
}

impl ToValue for Value<'_> {
    fn to_value(&self) -> Value<'_> {
        *self
    }
}
