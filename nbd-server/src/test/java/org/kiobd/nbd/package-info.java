/** The server on real sockets, on every engine. */
@NullMarked
package org.kiobd.nbd;

import org.jspecify.annotations.NullMarked;
