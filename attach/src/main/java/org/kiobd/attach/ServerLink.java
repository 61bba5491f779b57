package org.kiobd.attach;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.nbd.client.ExportInfo;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.client.SocketHandshake;

/**
 * Connections to the first server of a list that answers, ready to be given to the kernel. Closed by its owner, also after the kernel took
 * them. One thread at a time.
 */
final class ServerLink implements AutoCloseable {
    private final List<ClientSocket> sockets = new ArrayList<>();
    private final ExportInfo export;
    private final String uri;

    private ServerLink(String uri, ClientSocket first, ExportInfo export) {
        this.uri = uri;
        this.export = export;
        sockets.add(first);
    }

    /**
     * Connects to one of the servers.
     *
     * @param uris tried in this order
     * @param connections number of connections to that server
     * @throws IOException if none answers; the message names each and its reason
     */
    static ServerLink dial(List<String> uris, int connections, int timeoutMs) throws IOException {
        List<String> reasons = new ArrayList<>();
        IOException last = null;
        for (String uri : uris) {
            try {
                return dial(uri, connections, timeoutMs);
            } catch (IOException e) {
                last = e;
                reasons.add(e.getMessage());
            }
        }
        throw new IOException(String.join("; ", reasons), last);
    }

    private static ServerLink dial(String uri, int connections, int timeoutMs) throws IOException {
        NbdUri parsed = NbdUri.parse(uri);
        ClientSocket first = open(parsed, timeoutMs);
        ServerLink link = new ServerLink(uri, first, enter(parsed, first));
        boolean isWhole = false;
        try {
            if (connections > 1 && !link.export.canMultiConn()) {
                throw new IOException(uri + ": the server allows one connection only, connections=" + connections);
            }
            while (link.sockets.size() < connections) {
                ClientSocket next = open(parsed, timeoutMs);
                link.sockets.add(next);
                ExportInfo again = SocketHandshake.enter(parsed, next);
                if (!Identity.of(again).equals(Identity.of(link.export))) {
                    throw new IOException(uri + ": the server changed during the connection");
                }
            }
            isWhole = true;
            return link;
        } finally {
            if (!isWhole) {
                link.close();
            }
        }
    }

    private static ClientSocket open(NbdUri uri, int timeoutMs) throws IOException {
        try {
            return ClientSocket.connect(uri, timeoutMs);
        } catch (IOException e) {
            throw new IOException(uri + ": " + e.getMessage(), e);
        }
    }

    private static ExportInfo enter(NbdUri uri, ClientSocket socket) throws IOException {
        boolean isIn = false;
        try {
            ExportInfo info = SocketHandshake.enter(uri, socket);
            isIn = true;
            return info;
        } finally {
            if (!isIn) {
                socket.close();
            }
        }
    }

    /** Asks the first of the servers that answers for the description of the export. */
    static ExportInfo info(List<String> uris, int timeoutMs) throws IOException {
        IOException last = null;
        for (String uri : uris) {
            NbdUri parsed = NbdUri.parse(uri);
            try (ClientSocket socket = open(parsed, timeoutMs)) {
                return SocketHandshake.info(parsed, socket);
            } catch (IOException e) {
                last = e;
            }
        }
        throw last == null ? new IOException("no server is named") : last;
    }

    ExportInfo export() {
        return export;
    }

    String uri() {
        return uri;
    }

    /** Returns the descriptors for the kernel, whose waits have no limit any more. */
    List<Integer> descriptors() {
        List<Integer> fds = new ArrayList<>();
        for (ClientSocket socket : sockets) {
            socket.limit(0);
            fds.add(socket.fd());
        }
        return fds;
    }

    @Override
    public void close() {
        sockets.forEach(ClientSocket::close);
    }
}
