// The form of messages on standard error.

/** With `json`, a Problem is one line of JSON: `{"error": …}`. */
export const messages = { json: false };
