/** For `<time datetime="{{iso}}">{{text}}</time>`. The server does not know the reader's zone, so everything is UTC and says so. */
export interface Moment {
  iso: string;
  text: string;
  day: string;
}

export function momentOf(at: Date | string): Moment {
  const iso = new Date(at).toISOString();
  const day = iso.slice(0, 10);
  return { iso, text: `${day} ${iso.slice(11, 19)}`, day };
}

/** `2 h 5 min left`, `overdue by 3 min`. */
export function timeLeft(dueAt: Date, nowMs: number): string {
  const leftMs = dueAt.getTime() - nowMs;
  return leftMs >= 0 ? `${duration(leftMs)} left` : `overdue by ${duration(-leftMs)}`;
}

export const timeAgo = (at: Date, nowMs: number): string => `${duration(Math.max(0, nowMs - at.getTime()))} ago`;

/** The two largest units, rounded down. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
