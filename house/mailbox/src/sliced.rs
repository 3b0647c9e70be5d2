//! Work on many rows, cut into slices that are one write each.
//!
//! A write holds up every other write of the house while it runs, so none may touch more than a slice. Between two
//! slices others have their turn. Whatever must go on after a crash is written down by the first slice (the tables
//! `parting`, `settling`, `loose_thread`, and the marks `left_over` and `deleted`), and the background task does the rest.

use store::{Key, Store, Tx};

/// Runs `slice` in one write after the other, each of which changes what `key` says: it is given where it begins, and gives what it did and where the next one
/// begins, `None` at the end. `told` is given what each slice did, once that is on the disk. Dropped between two slices,
/// those that were done stay.
pub async fn sliced<P, T, E, F>(store: &Store, key: Key, from: P, slice: F, mut told: impl FnMut(T)) -> Result<(), E>
where
    P: Clone + Send + 'static,
    T: Send + 'static,
    E: From<store::Error> + Send + 'static,
    F: FnMut(&mut Tx, P) -> Result<(T, Option<P>), E> + Clone + Send + 'static,
{
    let mut next = Some(from);
    while let Some(from) = next {
        let mut slice = slice.clone();
        let (done, rest) = store.write(key, move |tx| slice(tx, from.clone())).await?;
        told(done);
        next = rest;
    }
    Ok(())
}
