//! Work on many rows, cut into slices that are one write each.
//!
//! A write holds up every other write of the house while it runs, so none may touch more than a slice. Between two
//! slices others have their turn. Whatever must go on after a crash is written down by the first slice (the tables
//! `parting`, `settling`, `loose_thread`, and the marks `left_over` and `deleted`), and the background task does the rest.

use store::{Store, Tx};

/// Runs `slice` in one write after the other: it is given where it begins, and gives what it did and where the next one
/// begins, `None` at the end. `told` is given what each slice did, once that is on the disk. Dropped between two slices,
/// those that were done stay.
pub async fn sliced<P, T, E, F>(store: &Store, from: P, slice: F, mut told: impl FnMut(T)) -> Result<(), E>
where
    P: Clone + Send + 'static,
    T: Send + 'static,
    E: From<store::Error> + Send + 'static,
    F: FnMut(&mut Tx, P) -> Result<(T, Option<P>), E> + Clone + Send + 'static,
{
    let mut next = Some(from);
    while let Some(from) = next {
        let mut slice = slice.clone();
        let (done, rest) = store.write(move |tx| slice(tx, from.clone())).await?;
        told(done);
        next = rest;
    }
    Ok(())
}

/// [`sliced`] for work that finds its place in the tables: `slice` is called until it says that there is no more.
pub async fn until_done<E, F>(store: &Store, slice: F) -> Result<(), E>
where
    E: From<store::Error> + Send + 'static,
    F: FnMut(&mut Tx) -> Result<bool, E> + Clone + Send + 'static,
{
    let mut slice = slice;
    sliced(store, (), move |tx, ()| slice(tx).map(|more| ((), more.then_some(()))), drop).await
}

/// [`until_done`] for the command line; it must not be called from a task of a runtime.
pub fn until_done_blocking<E, F>(store: &Store, slice: F) -> Result<(), E>
where
    E: From<store::Error> + Send + 'static,
    F: FnMut(&mut Tx) -> Result<bool, E> + Clone + Send + 'static,
{
    while store.write_blocking(slice.clone())? {}
    Ok(())
}
