// Above the lanes: the calls that are shown.
import { deniedOnly, query, runs, visibleRows } from "../state/session.ts";

export const Search = () => {
  const all = runs.a.value.rows.rows.length;
  const shown = visibleRows(runs.a.value).length;
  return (
    <search class="search">
      <label class="field">
        <span class="visually-hidden">Search in calls</span>
        <input
          type="search"
          value={query.value}
          placeholder="Search in calls: name, path, result"
          onInput={(e) => (query.value = e.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={deniedOnly.value} onChange={(e) => (deniedOnly.value = e.currentTarget.checked)} /> denied only
      </label>
      <span class="faint" role="status">
        {shown === all ? "" : `${shown} of ${all} rows`}
      </span>
    </search>
  );
};
