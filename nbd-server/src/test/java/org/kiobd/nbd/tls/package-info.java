/** Tests of TLS with the JDK's own client and certificates made by keytool. Main type: {@link org.kiobd.nbd.tls.TlsServerTest}. */
@NullMarked
package org.kiobd.nbd.tls;

import org.jspecify.annotations.NullMarked;
