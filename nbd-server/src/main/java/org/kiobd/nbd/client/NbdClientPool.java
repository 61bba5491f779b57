package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * Several connections to one export, used as one: each request goes to the connection with the fewest unfinished requests. The pool opens
 * several connections only if the server says that they see the writes of each other; otherwise it opens one. The caller of {@link
 * #connect} owns the pool and must close it. Any thread. When a connection ends, its requests fail and it gets no more requests; the other
 * connections go on, and the pool does not reconnect.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the callbacks on these futures cannot fail
public final class NbdClientPool implements NbdCommands, AutoCloseable {
    private final List<Member> members;
    private final List<Member> alive;
    private final AtomicInteger turn = new AtomicInteger();

    /** A connection and the number of its unfinished requests. */
    private record Member(NbdClient client, AtomicInteger underWay) {}

    private NbdClientPool(List<NbdClient> clients) {
        members = clients.stream()
                .map(client -> new Member(client, new AtomicInteger()))
                .toList();
        alive = new CopyOnWriteArrayList<>(members);
        members.forEach(member -> member.client.closed().thenRun(() -> alive.remove(member)));
    }

    /**
     * Opens {@code connections} connections, or one if the server does not allow more; if one fails, all are closed. The pool is returned
     * owned.
     *
     * @param connections 1 or more
     */
    public static CompletableFuture<NbdClientPool> connect(NbdConnector connector, int connections) {
        if (connections < 1) {
            throw new IllegalArgumentException("connections=" + connections + " is less than 1");
        }
        return connector.connect().thenCompose(first -> {
            List<CompletableFuture<NbdClient>> others = new ArrayList<>();
            for (int i = 1; i < connections && first.export().canMultiConn(); i++) {
                others.add(connector.connect());
            }
            return CompletableFuture.allOf(others.toArray(CompletableFuture[]::new))
                    .handle((all, failure) -> {
                        List<NbdClient> clients = new ArrayList<>(List.of(first));
                        others.stream()
                                .filter(other -> !other.isCompletedExceptionally())
                                .forEach(other -> clients.add(other.join()));
                        NbdException flaw = failure == null ? difference(clients) : NbdException.of(failure);
                        if (flaw != null) {
                            clients.forEach(NbdClient::hangUp);
                            return CompletableFuture.<NbdClientPool>failedFuture(flaw);
                        }
                        return CompletableFuture.completedFuture(new NbdClientPool(clients));
                    })
                    .thenCompose(Function.identity());
        });
    }

    private static @Nullable NbdException difference(List<NbdClient> clients) {
        ExportInfo expected = clients.get(0).export();
        for (NbdClient client : clients) {
            if (!client.export().equals(expected)) {
                return NbdException.broken("the server described the export differently on two connections: " + expected
                        + " and " + client.export());
            }
        }
        return null;
    }

    /** Returns all connections of the pool, including those that have ended. */
    public List<NbdClient> connections() {
        return members.stream().map(Member::client).toList();
    }

    private Member next() {
        int start = turn.getAndIncrement();
        List<Member> candidates = List.copyOf(alive);
        // If none is alive, any ended connection will do: its error says why it ended.
        candidates = candidates.isEmpty() ? members : candidates;
        Member best = candidates.get(Math.floorMod(start, candidates.size()));
        for (Member other : candidates) {
            if (other.underWay.get() < best.underWay.get()) {
                best = other;
            }
        }
        return best;
    }

    private <T extends @Nullable Object> CompletableFuture<T> send(Function<NbdClient, CompletableFuture<T>> request) {
        Member member = next();
        member.underWay.incrementAndGet();
        CompletableFuture<T> future = request.apply(member.client);
        future.whenComplete((result, failure) -> member.underWay.decrementAndGet());
        return future;
    }

    @Override
    public ExportInfo export() {
        return members.get(0).client.export();
    }

    @Override
    public int maxPayloadBytes() {
        return members.get(0).client.maxPayloadBytes();
    }

    @Override
    public Collection<String> metaContexts() {
        return members.get(0).client.metaContexts();
    }

    @Override
    public CompletableFuture<ReadReply> read(long offsetBytes, int lengthBytes, int flags) {
        return send(client -> client.read(offsetBytes, lengthBytes, flags));
    }

    @Override
    public CompletableFuture<ReadReply> read(long offsetBytes, Fragment destination, int flags) {
        return send(client -> client.read(offsetBytes, destination, flags));
    }

    @Override
    public CompletableFuture<@Nullable Void> write(long offsetBytes, ByteBuf payload, int flags) {
        return send(client -> client.write(offsetBytes, payload, flags));
    }

    /** Sends the FLUSH on one connection: the server promised that it covers the completed writes of all connections. */
    @Override
    public CompletableFuture<@Nullable Void> flush() {
        return send(NbdClient::flush);
    }

    @Override
    public CompletableFuture<@Nullable Void> trim(long offsetBytes, long lengthBytes, int flags) {
        return send(client -> client.trim(offsetBytes, lengthBytes, flags));
    }

    @Override
    public CompletableFuture<@Nullable Void> writeZeroes(long offsetBytes, long lengthBytes, int flags) {
        return send(client -> client.writeZeroes(offsetBytes, lengthBytes, flags));
    }

    @Override
    public CompletableFuture<@Nullable Void> cache(long offsetBytes, long lengthBytes, int flags) {
        return send(client -> client.cache(offsetBytes, lengthBytes, flags));
    }

    @Override
    public CompletableFuture<BlockStatus> blockStatus(long offsetBytes, long lengthBytes, int flags) {
        return send(client -> client.blockStatus(offsetBytes, lengthBytes, flags));
    }

    @Override
    public CompletableFuture<BlockStatus> blockStatusOf(
            List<String> contexts, long offsetBytes, long lengthBytes, int flags) {
        return send(client -> client.blockStatusOf(contexts, offsetBytes, lengthBytes, flags));
    }

    /** Asks the connection that would get the next request. */
    @Override
    public CompletableFuture<@Nullable Void> room() {
        return next().client.room();
    }

    @Override
    public CompletableFuture<@Nullable Void> disconnect() {
        return CompletableFuture.allOf(
                members.stream().map(member -> member.client.disconnect()).toArray(CompletableFuture[]::new));
    }

    /** Closes all connections, as {@link NbdClient#close} does. */
    @Override
    public void close() {
        members.forEach(member -> member.client.hangUp());
        members.forEach(member -> member.client.close());
    }
}
