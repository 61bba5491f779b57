/**
 * TLS for both ends: what is offered, to whom, with which certificates. Main type: {@link org.kiobd.nbd.tls.TlsPolicy}. Everything
 * is immutable; any thread. The encryption itself is Netty's handler over the JDK's provider.
 */
@NullMarked
package org.kiobd.nbd.tls;

import org.jspecify.annotations.NullMarked;
