/**
 * The calendar functions of C that the interpreter asks its host for: `struct tm` to and from seconds since
 * 1970, in UTC and in local time. Knows nothing of Python.
 */

const SECONDS = 0;
const MINUTES = 4;
const HOURS = 8;
const DAY = 12;
const MONTH = 16;
const YEAR = 20;
const WEEKDAY = 24;
const YEARDAY = 28;
const DST = 32;
const OFFSET = 36;

/** @param view of the interpreter's memory, asked for anew at each call */
export function calendarCalls(
  view: () => DataView,
  heap: () => Uint8Array,
): Record<string, (...args: never[]) => unknown> {
  const get = (tm: number, field: number): number => view().getInt32((tm >>> 0) + field, true);
  const set = (tm: number, field: number, value: number): void =>
    view().setInt32((tm >>> 0) + field, value, true);
  const fields = (tm: number): [number, number, number, number, number, number] => [
    get(tm, YEAR) + 1900,
    get(tm, MONTH),
    get(tm, DAY),
    get(tm, HOURS),
    get(tm, MINUTES),
    get(tm, SECONDS),
  ];
  const writeUtc = (tm: number, date: Date): void => {
    set(tm, SECONDS, date.getUTCSeconds());
    set(tm, MINUTES, date.getUTCMinutes());
    set(tm, HOURS, date.getUTCHours());
    set(tm, DAY, date.getUTCDate());
    set(tm, MONTH, date.getUTCMonth());
    set(tm, YEAR, date.getUTCFullYear() - 1900);
    set(tm, WEEKDAY, date.getUTCDay());
    set(tm, YEARDAY, Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000));
  };
  /** The local time of `date`, written as if it were UTC, and the offset it has. */
  const writeLocal = (tm: number, date: Date): void => {
    const offset = date.getTimezoneOffset();
    writeUtc(tm, new Date(date.getTime() - offset * 60_000));
    set(tm, DST, summerTime(date));
    set(tm, OFFSET, -offset * 60);
  };
  return {
    _gmtime_js: (time: bigint, tm: number) => {
      writeUtc(tm, new Date(Number(time) * 1000));
      set(tm, DST, 0);
      set(tm, OFFSET, 0);
    },
    _localtime_js: (time: bigint, tm: number) => writeLocal(tm, new Date(Number(time) * 1000)),
    _timegm_js: (tm: number) => {
      const date = new Date(Date.UTC(...fields(tm)));
      writeUtc(tm, date);
      return BigInt(Math.floor(date.getTime() / 1000));
    },
    _mktime_js: (tm: number) => {
      const date = new Date(...fields(tm));
      if (Number.isNaN(date.getTime())) return -1n;
      writeLocal(tm, date);
      return BigInt(Math.floor(date.getTime() / 1000));
    },
    _tzset_js: (timezone: number, daylight: number, standardName: number, daylightName: number) => {
      const year = new Date().getFullYear();
      const winter = new Date(year, 0, 1).getTimezoneOffset();
      const summer = new Date(year, 6, 1).getTimezoneOffset();
      view().setUint32(timezone >>> 0, Math.max(winter, summer) * 60, true);
      view().setInt32(daylight >>> 0, Number(winter !== summer), true);
      heap().set(zoneName(Math.max(winter, summer)), standardName >>> 0);
      heap().set(zoneName(Math.min(winter, summer)), daylightName >>> 0);
    },
  };
}

function summerTime(date: Date): number {
  const winter = new Date(date.getFullYear(), 0, 1).getTimezoneOffset();
  const summer = new Date(date.getFullYear(), 6, 1).getTimezoneOffset();
  return Number(winter !== summer && date.getTimezoneOffset() === Math.min(winter, summer));
}

/** `UTC+0100` of an offset in minutes west of UTC, with its NUL; `UTC` itself without digits. */
function zoneName(offset: number): Uint8Array {
  const digits = `${String(Math.floor(Math.abs(offset) / 60)).padStart(2, '0')}${String(Math.abs(offset) % 60).padStart(2, '0')}`;
  const name = offset === 0 ? 'UTC' : `UTC${offset > 0 ? '-' : '+'}${digits}`;
  return new TextEncoder().encode(`${name}\0`);
}
