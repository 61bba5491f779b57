package org.kiobd.nbd.transmission;

import io.netty.channel.ChannelHandlerContext;
import org.kiobd.nbd.ConnectionContext;
import org.kiobd.nbd.ExportLoop;
import org.kiobd.nbd.Session;
import org.kiobd.volume.queue.RequestQueue;
import org.kiobd.volume.queue.Requester;

/** The parts of a connection in its transmission phase, created when its handler is added to a channel pipeline. */
record ConnectionPipeline(
        ChannelHandlerContext ctx,
        RequestQueue queue,
        ConnectionBudget accounts,
        RequestExecutor executor,
        ReplyWriter replies,
        RequestIntake intake,
        WritePayload payload) {

    /** The connection as its parts see it. */
    interface Connection extends Requester, PiecewiseRead.Listener, RequestIntake.Listener, ReplyWriter.Listener {}

    static ConnectionPipeline of(
            ChannelHandlerContext ctx, ConnectionContext context, Session session, Connection connection) {
        ExportLoop exportLoop = session.export().on(context.loop());
        ReplyEncoding encoding = ReplyEncoding.of(session.style());
        long maximumPayloadBytes = session.export().device().info().maximumPayloadBytes();
        ConnectionBudget accounts =
                ConnectionBudget.open(context, session.export().device());
        RawSocket socket = session.security() == null ? RawSocket.of(ctx.channel()) : null;
        ReplyWriter replies =
                new ReplyWriter(ctx, context.pool(), encoding, accounts.replyMemory(), socket, connection);
        ReplyDispatcher answers = new ReplyDispatcher(session, context.pool(), accounts, replies, connection);
        RequestExecutor executor = new RequestExecutor(context, session, replies, connection, answers);
        RequestDecoder decoder = new RequestDecoder(session.style());
        RequestMemory memory =
                new RequestMemory(context.pool(), session.export().device());
        PipedReceive pipes = new PipedReceive(
                socket, decoder, context.pool(), session.export().device());
        WritePayload payload = new WritePayload(decoder, context.pool(), memory, accounts, pipes);
        RequestValidator validator = new RequestValidator(session, maximumPayloadBytes);
        PiecewiseRead reads = new PiecewiseRead(executor, replies, accounts, context.pool(), connection);
        PiecewiseWrite writes = new PiecewiseWrite(executor, replies, accounts, connection);
        RequestIntake.Parts parts =
                new RequestIntake.Parts(decoder, validator, executor, accounts, payload, reads, writes);
        RequestIntake intake = new RequestIntake(parts, session, replies, pipes, connection);
        return new ConnectionPipeline(ctx, exportLoop.queue(), accounts, executor, replies, intake, payload);
    }
}
