package org.kiobd.nbd;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.UriText;
import org.kiobd.volume.loop.UnixSocketFile;

/** A place where clients connect: a unix socket, or one TCP socket for each address of a host. Owned by its server. Any thread. */
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
     * Creates a listener on TCP.
     *
     * @param channels server channels, all on one port
     * @param host name or address, as passed to the server
     * @param tlsOnly whether clients must use TLS; the scheme of the URIs is then nbds
     */
    static Listener tcp(List<Channel> channels, String host, boolean tlsOnly) {
        return new Listener(channels, null, null, host, tlsOnly);
    }

    /**
     * Creates a listener on a unix socket.
     *
     * @param file socket file to remove on close; null if the server did not create it
     * @param path path where clients find the socket; null if the socket has no name
     */
    static Listener unix(Channel channel, @Nullable UnixSocketFile file, @Nullable Path path, boolean tlsOnly) {
        return new Listener(List.of(channel), file, path, "", tlsOnly);
    }

    /** Returns whether other machines may reach the listener: it has an address that is not a loopback address. */
    public boolean isPublic() {
        return channels.stream()
                .anyMatch(channel -> channel.localAddress() instanceof InetSocketAddress tcp
                        && !tcp.getAddress().isLoopbackAddress());
    }

    /** Returns the TCP port; -1 for a unix socket. */
    public int port() {
        return channels.get(0).localAddress() instanceof InetSocketAddress tcp ? tcp.getPort() : -1;
    }

    /** Returns the path of the unix socket; null for TCP. */
    public @Nullable Path path() {
        return path;
    }

    /** Returns the name or address that was asked for, an IPv6 address without brackets; empty for a unix socket. */
    public String host() {
        return host;
    }

    /**
     * Returns the URI of an export at this listener: {@code nbd://HOST:PORT/NAME} or {@code nbd+unix:///NAME?socket=PATH}, with nbds
     * instead of nbd if TLS is required. Names and paths are percent-encoded.
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
