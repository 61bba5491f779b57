package org.kiobd.nbd;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.UriText;
import org.kiobd.volume.loop.UnixSocketFile;

/** Where clients connect to: a unix socket, or what a TCP host stands for, which may be several sockets. Owned by its server. Any thread. */
public final class Listener {
    private final List<Channel> channels;
    private final @Nullable UnixSocketFile file;
    private final @Nullable Path path;
    private final String host;
    private final String scheme;

    private Listener(
            List<Channel> channels, @Nullable UnixSocketFile file, @Nullable Path path, String host, boolean tlsOnly) {
        this.channels = List.copyOf(channels);
        this.file = file;
        this.path = path;
        this.host = host;
        this.scheme = tlsOnly ? "nbds" : "nbd";
    }

    /**
     * On TCP.
     *
     * @param channels all on one port
     * @param host as it was asked for, a name or an address
     * @param tlsOnly whether clients must speak TLS, which its URIs say then
     */
    static Listener tcp(List<Channel> channels, String host, boolean tlsOnly) {
        return new Listener(channels, null, null, host, tlsOnly);
    }

    /**
     * On a unix socket.
     *
     * @param file to be removed at the end; null if it is not ours
     * @param path where it can be found
     */
    static Listener unix(Channel channel, @Nullable UnixSocketFile file, @Nullable Path path, boolean tlsOnly) {
        return new Listener(List.of(channel), file, path, "", tlsOnly);
    }

    /** Whether somebody on another machine could reach it. */
    public boolean isPublic() {
        return channels.stream()
                .anyMatch(channel -> channel.localAddress() instanceof InetSocketAddress tcp
                        && !tcp.getAddress().isLoopbackAddress());
    }

    /** The TCP port it is bound to; -1 for a unix socket. */
    public int port() {
        return channels.get(0).localAddress() instanceof InetSocketAddress tcp ? tcp.getPort() : -1;
    }

    /** The socket file; null for TCP. */
    public @Nullable Path path() {
        return path;
    }

    /** The name or address that was asked for, an IPv6 address without brackets; empty for a unix socket. */
    public String host() {
        return host;
    }

    /**
     * How a client names an export here: {@code nbd://HOST:PORT/NAME} or {@code nbd+unix:///NAME?socket=PATH}; nbds where TLS is required.
     * Names and paths are percent-encoded.
     */
    public URI uri(String exportName) {
        String name = UriText.encode(exportName);
        if (port() < 0) {
            return URI.create(scheme + "+unix:///" + name + "?socket=" + UriText.encode(String.valueOf(path)));
        }
        String where = host.contains(":") ? "[" + host.replace("%", "%25") + "]" : host;
        return URI.create(scheme + "://" + where + ":" + port() + "/" + name);
    }

    void close() {
        channels.forEach(channel -> channel.close().awaitUninterruptibly());
        if (file != null) {
            file.remove();
        }
    }

    @Override
    public String toString() {
        return uri("").toString();
    }
}
