/** Prints the conversation that is open, page by page; as the browser prints windows where that cannot be done. */
export async function printReading(): Promise<void> {
  const reading = document.querySelector('.reading.pane');
  try {
    const { print } = await import('./read/paper');
    if (reading) await print(reading);
  } catch {
    window.print();
  }
}
