package org.kiobd.nbd.client;

import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.kiobd.nbd.tls.TlsCertificates;

/** The TLS contexts of one connector; caches the certificates it has read. Any thread. */
final class ClientTls {
    private final Map<String, SslContext> read = new ConcurrentHashMap<>();

    /** Returns the context that makes TLS handlers for connections to {@code uri}, which requires TLS. */
    SslContext context(NbdUri uri) throws IOException {
        String key = uri.tlsVerifyPeer() + ":" + uri.tlsCertificates();
        SslContext known = read.get(key);
        if (known == null) {
            known = TlsCertificates.client(uri.tlsCertificates(), uri.tlsVerifyPeer());
            read.put(key, known);
        }
        return known;
    }
}
