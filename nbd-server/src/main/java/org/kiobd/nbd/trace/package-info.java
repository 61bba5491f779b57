/** The trace of requests: one line a request, with the times of its stages. Costs nothing unless a server was started with it. */
@NullMarked
package org.kiobd.nbd.trace;

import org.jspecify.annotations.NullMarked;
