//! Values, rows and failures, in SQLite's words and ours.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ErrorCode, ffi};

use crate::engine::Columns;
use crate::error::{Error, Result};
use crate::value::Value;

/// The row under the cursor.
pub(super) struct Cursor<'r, 's>(pub(super) &'r rusqlite::Row<'s>);

impl Columns for Cursor<'_, '_> {
    fn value(&self, column: usize) -> Result<Value<'_>> {
        match self.0.get_ref(column).map_err(fault)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Integer(number)),
            ValueRef::Text(text) => {
                std::str::from_utf8(text).map(Value::Text).map_err(|_| Error::Type { column, wanted: "UTF-8" })
            }
            ValueRef::Blob(bytes) => Ok(Value::Blob(bytes)),
            ValueRef::Real(_) => Err(Error::Type { column, wanted: "anything but a real number" }),
        }
    }
}

/// Binds values by their numbers. SQLite numbers `$2` by its first place; we (and PostgreSQL) number it by its digit.
pub(super) fn bind(statement: &mut CachedStatement<'_>, params: &[Value<'_>]) -> Result<()> {
    let mut used = 0;
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(parameter_number);
        let Some(number) = number else {
            return Err(Error::Sql("parameters are written $1, $2, …".to_owned()));
        };
        let Some(value) = params.get(number - 1) else {
            return Err(Error::Sql(format!("there is no value for ${number}")));
        };
        used = used.max(number);
        statement.raw_bind_parameter(index, Parameter(*value)).map_err(fault)?;
    }
    if used == params.len() {
        Ok(())
    } else {
        Err(Error::Sql(format!("there are more values than the ${used} that the statement has")))
    }
}

fn parameter_number(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok().filter(|number| *number > 0)
}

struct Parameter<'a>(Value<'a>);

impl rusqlite::ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            // PostgreSQL has no texts with the octet 0, so the store keeps none: it becomes the sign for unreadable
            // characters.
            Value::Text(text) if text.contains('\0') => {
                return Ok(ToSqlOutput::Owned(text.replace('\0', "\u{fffd}").into()));
            }
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
            Value::TooLarge => return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(Error::TooLarge))),
        }))
    }
}

/// Says what happened in words of ours.
pub(super) fn fault(error: rusqlite::Error) -> Error {
    let text = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(code, _) => by_code(code, text),
        rusqlite::Error::ToSqlConversionFailure(_) => Error::TooLarge,
        rusqlite::Error::QueryReturnedNoRows => Error::NoRow,
        _ => Error::Sql(text),
    }
}

fn by_code(error: ffi::Error, text: String) -> Error {
    match error.code {
        // No room for the index of the log: the disk is full, although SQLite says only that it failed.
        _ if error.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Error::Full(text),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy("another process holds the database"),
        ErrorCode::DiskFull => Error::Full(text),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::Corrupt(text),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Error::ReadOnly(text),
        ErrorCode::ConstraintViolation => Error::Constraint(text),
        ErrorCode::TooBig => Error::TooLarge,
        ErrorCode::OperationInterrupted => Error::Interrupted,
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport => Error::Io(text),
        _ => Error::Sql(text),
    }
}
