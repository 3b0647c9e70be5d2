//! The check that ends circles: a letter that has passed very many servers goes round.

use std::time::Duration;

use mail::check::{Arriving, Check, Conclusion, Look};
use mail::seam::{Origin, OurFault, Pending};
use mail::{Findings, Letter, header};

use crate::sort;

/// A letter that has passed more servers, with us, goes round in circles (RFC 5321 §6.3 asks for 100 at least).
pub(crate) const MOST_HOPS: usize = 100;

/// Refuses letters that go round in circles. A fetched letter has arrived before, and goes nowhere from here.
pub(crate) struct Hops;

impl Check for Hops {
    fn method(&self) -> &'static str {
        "hops"
    }

    fn begin(&self, arriving: Arriving<'_>) -> Option<Box<dyn Look>> {
        let ends_here = matches!(arriving.origin, Origin::Fetched(_));
        (!ends_here && hops(arriving.letter) > MOST_HOPS).then(|| Box::new(GoesRound) as Box<dyn Look>)
    }
}

/// A letter that goes round in circles.
struct GoesRound;

impl Look for GoesRound {
    fn conclude<'a>(self: Box<Self>, _: &'a Findings, _: Duration) -> Pending<'a, Result<Conclusion, OurFault>> {
        Box::pin(async { Ok(Conclusion::Refuse(sort::circles())) })
    }
}

/// Counts the servers that have written a Received field into the letter.
fn hops(letter: &Letter) -> usize {
    header::fields(&letter.raw).filter(|field| field.is("Received")).take(MOST_HOPS + 1).count()
}
