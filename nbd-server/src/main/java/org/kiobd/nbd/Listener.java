package org.kiobd.nbd;

import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A socket that clients connect to. Owned by its server. Any thread. */
public final class Listener {
    private final Channel channel;
    private final @Nullable UnixSocketFile file;
    private final @Nullable Path path;

    private final String scheme;

    /**
     * @param file a unix socket's file, to be removed at the end; null if it is not ours, or TCP
     * @param path where a unix socket can be found; null for TCP
     * @param tlsOnly whether clients must speak TLS, which its URIs say then
     */
    Listener(Channel channel, @Nullable UnixSocketFile file, @Nullable Path path, boolean tlsOnly) {
        this.channel = channel;
        this.file = file;
        this.path = path;
        this.scheme = tlsOnly ? "nbds" : "nbd";
    }

    /** Whether somebody on another machine could reach it. */
    public boolean isPublic() {
        return channel.localAddress() instanceof InetSocketAddress tcp
                && !tcp.getAddress().isLoopbackAddress();
    }

    /** The TCP port it is bound to; -1 for a unix socket. */
    public int port() {
        return channel.localAddress() instanceof InetSocketAddress tcp ? tcp.getPort() : -1;
    }

    /** The socket file; null for TCP. */
    public @Nullable Path path() {
        return path;
    }

    /** How a client names an export here: {@code nbd://HOST:PORT/NAME} or {@code nbd+unix:///NAME?socket=PATH}; nbds where TLS is required. */
    public URI uri(String exportName) {
        try {
            if (path != null) {
                return new URI(scheme + "+unix", "", "/" + exportName, "socket=" + path, null);
            }
            InetSocketAddress tcp = (InetSocketAddress) channel.localAddress();
            return new URI(
                    scheme,
                    null,
                    NetUtil.toAddressString(tcp.getAddress()),
                    tcp.getPort(),
                    "/" + exportName,
                    null,
                    null);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no URI for export=" + exportName, e);
        }
    }

    void close() {
        channel.close().awaitUninterruptibly();
        if (file != null) {
            file.remove();
        }
    }

    @Override
    public String toString() {
        return uri("").toString();
    }
}
