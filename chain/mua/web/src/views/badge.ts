/** Shows in the tab, and where the pages are installed on their icon, that letters are unread. */
export function showUnread(count: number): void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const wanted = count > 0 ? '/icon-unread.svg' : '/icon.svg';
  if (icon && icon.getAttribute('href') !== wanted) icon.setAttribute('href', wanted);
  const badge = navigator as Navigator & { setAppBadge?: (count: number) => Promise<void> };
  // Not where the pages are not installed, or not allowed to.
  badge.setAppBadge?.(count).catch(() => undefined);
}
