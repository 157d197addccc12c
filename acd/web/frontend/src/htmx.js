// htmx with its part for Server-Sent Events: one file for all pages.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
