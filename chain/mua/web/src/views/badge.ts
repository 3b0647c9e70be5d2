/** Shows unread letters in the tab, and on the icon if the pages are installed. */
export function showUnread(count: number): void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const wanted = count > 0 ? '/icon-unread.svg' : '/icon.svg';
  if (icon && icon.getAttribute('href') !== wanted) icon.setAttribute('href', wanted);
  const badge = navigator as Navigator & { setAppBadge?: (count: number) => Promise<void> };
  // This fails if the pages are not installed, or not allowed to.
  badge.setAppBadge?.(count).catch(() => undefined);
}
