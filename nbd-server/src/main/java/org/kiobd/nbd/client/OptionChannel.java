package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdText;
import org.kiobd.nbd.tls.TlsFailure;

/**
 * The wire protocol of the handshake: sends one option at a time and returns a future of all its replies. Limits the input from the server:
 * the length of a reply, the number of replies to an option, and their total length. Confined to the event loop of the channel.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close closes the channel, which this handler sees
final class OptionChannel extends ChannelInboundHandlerAdapter {
    private static final long OLDSTYLE_MAGIC = 0x00420281861253L;
    private static final int MAX_REPLY_BYTES = 64 << 10;
    private static final int MAX_REPLIES = 10_000;
    private static final int MAX_SUM_BYTES = 16 << 20;

    /** The part of the server's answer that comes next; {@code neededBytes} is its length. */
    private enum Expecting {
        NOTHING,
        GREETING,
        REPLY_HEADER,
        REPLY_PAYLOAD,
        EXPORT_NAME_REPLY
    }

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable ByteBuf received;
    private Expecting expecting = Expecting.NOTHING;
    private int neededBytes;
    private @Nullable NbdException ended;

    private CompletableFuture<byte[]> raw = new CompletableFuture<>();
    private CompletableFuture<List<OptionReply>> answer = new CompletableFuture<>();
    private List<OptionReply> replies = new ArrayList<>();
    private NbdOption asked = NbdOption.UNKNOWN;
    private int replyType;
    private int sumBytes;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        received = context.alloc().buffer();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (received != null) {
            received.release();
            received = null;
        }
    }

    private ChannelHandlerContext ctx() {
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return ctx;
    }

    /** Returns the server's handshake flags. */
    CompletableFuture<Integer> greeting() {
        return fixed(Expecting.GREETING, NbdMagic.GREETING_BYTES)
                .thenApply(
                        bytes -> Unpooled.wrappedBuffer(bytes).getUnsignedShort(NbdMagic.GREETING_BYTES - Short.BYTES));
    }

    void clientFlags(int flags) {
        ctx().writeAndFlush(ctx().alloc().buffer(NbdMagic.CLIENT_FLAGS_BYTES).writeInt(flags));
    }

    /** Sends an option. Returns a future of all its replies, of which the last is ACK or an error. Takes {@code payload}. */
    CompletableFuture<List<OptionReply>> ask(NbdOption option, ByteBuf payload) {
        send(option, payload);
        asked = option;
        replies = new ArrayList<>();
        sumBytes = 0;
        answer = new CompletableFuture<>();
        expect(Expecting.REPLY_HEADER, NbdMagic.OPTION_REPLY_HEADER_BYTES);
        CompletableFuture<List<OptionReply>> own = answer;
        start();
        return own;
    }

    /**
     * Sends NBD_OPT_EXPORT_NAME. Its answer is not an option reply, but size, flags and, if {@code zeroes} is true, zero bytes. Takes
     * {@code name}.
     */
    CompletableFuture<byte[]> askExportName(ByteBuf name, boolean zeroes) {
        send(NbdOption.EXPORT_NAME, name);
        int bytes = NbdMagic.EXPORT_NAME_REPLY_BYTES + (zeroes ? NbdMagic.EXPORT_NAME_ZEROES : 0);
        return fixed(Expecting.EXPORT_NAME_REPLY, bytes);
    }

    /** Sends an option without waiting for its reply. */
    void tell(NbdOption option) {
        send(option, ctx().alloc().buffer(0));
    }

    private void send(NbdOption option, ByteBuf payload) {
        ByteBuf header = ctx().alloc().buffer(NbdMagic.OPTION_HEADER_BYTES);
        header.writeLong(NbdMagic.IHAVEOPT).writeInt(option.wire()).writeInt(payload.readableBytes());
        ctx().write(header);
        ctx().writeAndFlush(payload);
    }

    private CompletableFuture<byte[]> fixed(Expecting what, int bytes) {
        raw = new CompletableFuture<>();
        expect(what, bytes);
        CompletableFuture<byte[]> own = raw;
        start();
        return own;
    }

    private void expect(Expecting what, int bytes) {
        expecting = what;
        neededBytes = bytes;
    }

    private void start() {
        if (ended != null) {
            fail(ended);
        } else {
            decode();
        }
    }

    /** Returns whether there are received bytes that no option has requested; before TLS, an attacker may have inserted them. */
    boolean hasUnread() {
        return received != null && received.isReadable();
    }

    /** Returns the bytes received after the handshake, which belong to the transmission phase. Returned owned. */
    ByteBuf unread() {
        ByteBuf rest = received == null ? ctx().alloc().buffer(0) : received;
        received = null;
        return rest;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            if (ended == null && received != null) {
                received.discardSomeReadBytes().writeBytes(bytes);
                decode();
            }
        } finally {
            bytes.release();
        }
    }

    private void decode() {
        while (expecting != Expecting.NOTHING
                && received != null
                && ended == null
                && received.readableBytes() >= neededBytes) {
            try {
                step(received);
            } catch (NbdException e) {
                fail(e);
                ctx().close();
            }
        }
        if (expecting == Expecting.NOTHING
                && received != null
                && received.readableBytes() > MAX_REPLY_BYTES
                && ended == null) {
            fail(NbdException.broken("the server sent bytes that nobody asked for; the connection is closed"));
            ctx().close();
        }
    }

    private void step(ByteBuf in) throws NbdException {
        switch (expecting) {
            case GREETING -> greet(in);
            case REPLY_HEADER -> replyHeader(in);
            case REPLY_PAYLOAD -> reply(in);
            case EXPORT_NAME_REPLY -> finish(in);
            case NOTHING -> throw new IllegalStateException("nothing was asked");
        }
    }

    private void greet(ByteBuf in) throws NbdException {
        long magic = in.getLong(in.readerIndex());
        long second = in.getLong(in.readerIndex() + Long.BYTES);
        if (magic == NbdMagic.NBDMAGIC && second == OLDSTYLE_MAGIC) {
            throw NbdException.broken(
                    "the server speaks the oldstyle handshake, which has no exports; use a newer server");
        }
        if (magic != NbdMagic.NBDMAGIC || second != NbdMagic.IHAVEOPT) {
            throw NbdException.broken("this is not an NBD server: it begins with 0x" + Long.toHexString(magic));
        }
        finish(in);
    }

    private void finish(ByteBuf in) {
        byte[] bytes = new byte[neededBytes];
        in.readBytes(bytes);
        expecting = Expecting.NOTHING;
        raw.complete(bytes);
    }

    private void replyHeader(ByteBuf in) throws NbdException {
        long magic = in.readLong();
        int option = in.readInt();
        replyType = in.readInt();
        int length = in.readInt();
        if (magic != NbdMagic.OPTION_REPLY || option != asked.wire()) {
            throw NbdException.broken("the server's answer to " + asked + " makes no sense: magic=0x"
                    + Long.toHexString(magic) + " option=" + Integer.toUnsignedString(option));
        }
        if (length < 0
                || length > MAX_REPLY_BYTES
                || sumBytes + length > MAX_SUM_BYTES
                || replies.size() >= MAX_REPLIES) {
            throw NbdException.broken("the server's answer to " + asked + " is too much: lengthBytes="
                    + Integer.toUnsignedString(length) + " replies=" + replies.size());
        }
        sumBytes += length;
        expect(Expecting.REPLY_PAYLOAD, length);
    }

    private void reply(ByteBuf in) {
        byte[] payload = new byte[neededBytes];
        in.readBytes(payload);
        OptionReply reply = new OptionReply(replyType, payload);
        replies.add(reply);
        if (reply.isLast()) {
            expecting = Expecting.NOTHING;
            answer.complete(replies);
        } else {
            expect(Expecting.REPLY_HEADER, NbdMagic.OPTION_REPLY_HEADER_BYTES);
        }
    }

    /** Fails the current future and all later ones with {@code failure}. */
    void fail(NbdException failure) {
        if (ended == null) {
            ended = failure;
        }
        expecting = Expecting.NOTHING;
        raw.completeExceptionally(ended);
        answer.completeExceptionally(ended);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        String during = switch (expecting) {
            case GREETING -> "before it said what it is";
            case EXPORT_NAME_REPLY -> "when it was asked for the export: there may be none of that name";
            case REPLY_HEADER, REPLY_PAYLOAD -> "when it was asked " + asked;
            case NOTHING -> "during the handshake";
        };
        fail(NbdException.lost("the server hung up " + during, null));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(NbdException.lost("the handshake failed: " + TlsFailure.describe(cause, TlsFailure.Peer.SERVER), cause));
        context.close();
    }

    /** Returns the error reply at the end of {@code all} as an exception; null if the last reply is not an error. */
    static @Nullable NbdException error(NbdOption option, List<OptionReply> all) {
        OptionReply last = all.get(all.size() - 1);
        if (!last.isError()) {
            return null;
        }
        String said = last.text(0);
        return NbdException.refusedByServer(
                errno(last),
                "the server answered " + NbdRep.name(last.type()) + " to " + option
                        + (said.isEmpty() ? "" : ": " + NbdText.printable(said)),
                said);
    }

    private static int errno(OptionReply error) {
        if (error.is(NbdRep.ERR_UNSUP) || error.is(NbdRep.ERR_PLATFORM)) {
            return NbdErrno.NBD_ENOTSUP;
        }
        if (error.is(NbdRep.ERR_POLICY) || error.is(NbdRep.ERR_TLS_REQD)) {
            return NbdErrno.NBD_EPERM;
        }
        return error.is(NbdRep.ERR_SHUTDOWN) ? NbdErrno.NBD_ESHUTDOWN : NbdErrno.NBD_EINVAL;
    }
}
