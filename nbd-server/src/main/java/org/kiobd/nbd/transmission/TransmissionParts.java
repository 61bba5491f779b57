package org.kiobd.nbd.transmission;

import io.netty.channel.ChannelHandlerContext;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.Session;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.queue.Requester;

/** What a connection in its transmission phase consists of, put together once it has its place in a pipeline. */
record TransmissionParts(
        ChannelHandlerContext ctx,
        RequestQueue queue,
        Accounts accounts,
        RequestExecutor executor,
        ReplyWriter replies,
        RequestIntake intake,
        WritePayload payload) {

    /** What the parts tell their connection. */
    interface Connection extends Requester, Answers.Listener, RequestIntake.Listener, ReplyWriter.Listener {
        /** Room or memory has come. */
        void resume();
    }

    static TransmissionParts of(
            ChannelHandlerContext ctx, ConnectionContext context, Session session, Connection connection) {
        ExportLoop exportLoop = session.export().on(context.loop());
        ReplyEncoding encoding = ReplyEncoding.of(session.style());
        // A pool smaller than the largest request could never grant it: refused then, rather than waited for without
        // end.
        long maximumPayloadBytes = Math.min(
                session.export().device().info().maximumPayloadBytes(),
                context.pool().capacityBytes() - encoding.readMemoryBytes(0));
        Accounts accounts = Accounts.open(context, session.export().device(), connection::resume);
        RawSocket socket = session.security() == null ? RawSocket.of(ctx.channel()) : null;
        ReplyWriter replies =
                new ReplyWriter(ctx, context.pool(), encoding, accounts.replyMemory(), socket, connection);
        Answers answers = new Answers(session, context.pool(), accounts, replies, connection);
        RequestExecutor executor = new RequestExecutor(context, session, replies, connection, answers);
        RequestDecoder decoder = new RequestDecoder(session.style());
        RequestMemory memory =
                new RequestMemory(context.pool(), session.export().device());
        PipedReceive pipes = new PipedReceive(
                socket, decoder, context.pool(), session.export().device());
        WritePayload payload = new WritePayload(decoder, context.pool(), memory, accounts, pipes);
        RequestValidator validator = new RequestValidator(session, maximumPayloadBytes);
        RequestIntake.Parts parts =
                new RequestIntake.Parts(decoder, validator, executor, replies, accounts, payload, pipes);
        RequestIntake intake = new RequestIntake(parts, session, maximumPayloadBytes, connection);
        return new TransmissionParts(ctx, exportLoop.queue(), accounts, executor, replies, intake, payload);
    }
}
