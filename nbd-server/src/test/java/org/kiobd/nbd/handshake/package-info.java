/** Tests of the handshake without a socket, from fixtures in {@code src/test/resources}. */
@NullMarked
package org.kiobd.nbd.handshake;

import org.jspecify.annotations.NullMarked;
