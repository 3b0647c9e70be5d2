/** Prints the open conversation, page by page; if that is not possible, the browser prints the window. */
export async function printReading(): Promise<void> {
  const reading = document.querySelector('.reading.pane');
  try {
    const { print } = await import('./read/paper');
    if (reading) await print(reading);
  } catch {
    window.print();
  }
}
