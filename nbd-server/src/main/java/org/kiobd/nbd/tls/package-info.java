/**
 * TLS for server and client: which modes, certificates and clients are allowed. Main type: {@link org.kiobd.nbd.tls.TlsPolicy}. Everything
 * is immutable and safe for any thread. The encryption itself is done by the Netty handler with the JDK provider.
 */
@NullMarked
package org.kiobd.nbd.tls;

import org.jspecify.annotations.NullMarked;
