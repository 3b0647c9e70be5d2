//! The subject of a report: what happened to the recipients that it is about.

use mail::{Notify, Wishes};

/// The reason for which a letter is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Some of its recipients failed.
    Failed,
    /// It is late.
    Late,
    /// The time that its sender has set is over, and it is tried on.
    Overdue,
    /// Some of its recipients have it.
    Delivered,
    /// Servers have it that tell nobody so.
    Relayed,
}

impl Subject {
    pub(super) fn of(action: &str) -> Self {
        match action {
            "delivered" => Self::Delivered,
            "relayed" => Self::Relayed,
            _ => Self::Failed,
        }
    }

    /// The state and the action of the recipients that it is about.
    pub(super) fn rows(self) -> (i64, &'static str) {
        match self {
            Self::Failed => (2, ""),
            Self::Late | Self::Overdue => (0, ""),
            Self::Delivered => (2, "delivered"),
            Self::Relayed => (2, "relayed"),
        }
    }

    /// Returns true if the sender wants to hear of it.
    pub(super) fn is_wished(self, wishes: &Wishes) -> bool {
        match self {
            Self::Failed => wishes.failure(),
            Self::Late => wishes.delay(),
            Self::Delivered => wishes.success(),
            // The sender has set a time, and so wants to hear of it (RFC 2852 §4.1).
            Self::Overdue | Self::Relayed => wishes.notify != Some(Notify::Never),
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Failed => "it was not delivered",
            Self::Late | Self::Overdue => "it is late",
            Self::Delivered => "it was delivered",
            Self::Relayed => "it was handed on",
        }
    }
}
