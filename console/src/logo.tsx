/** The mark of the page. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 16h2M10 10v12M16 5v22M22 11v10M27 14v4" />
    </svg>
  );
}
