/** Tests of the trace of requests. */
@NullMarked
package org.kiobd.nbd.trace;

import org.jspecify.annotations.NullMarked;
