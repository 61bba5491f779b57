package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.kiobd.raid.layout.ExtentFold;
import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.raid.layout.StripeSplitter;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.KiobufChain;

/** Stripes the requests of one event loop over the members: at most one operation for each member and chain. Confined to the loop. */
final class Raid0Mapper implements ChainMapper {
    private final StripeLayout layout;
    private final MemberIssuer issuer;
    private final ErrorAttribution errors;
    private final StripeSplitter splitter;
    private final StripeSplitter.Sink sink;

    Raid0Mapper(StripeLayout layout, MemberIssuer issuer, ErrorAttribution errors) {
        this.layout = layout;
        this.issuer = issuer;
        this.errors = errors;
        this.splitter = new StripeSplitter(layout, issuer.pool());
        this.sink = issuer::prepare;
    }

    @Override
    public boolean hasRoom(KiobufChain chain) {
        long firstChunk = layout.chunk(chain.offsetBytes());
        long lastChunk = layout.chunk(Math.max(chain.offsetBytes(), chain.endBytes() - 1));
        long chunks = Math.min(lastChunk - firstChunk + 1, layout.members());
        for (long i = 0; i < chunks; i++) {
            if (!issuer.hasRoom(layout.memberOfChunk(firstChunk + i))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void map(KiobufChain chain, MemberOp.Listener listener) {
        splitter.split(chain, listener, sink);
    }

    @Override
    public void memberOpFailed(MemberOp op, IoError error) {
        errors.memberOpFailed(op, error);
    }

    /** Asks each member for the extents of its part of the range, which is contiguous on the member. */
    @Override
    public CompletableFuture<List<Extent>> extents(ByteRange range, int maxExtents) {
        List<CompletableFuture<List<Extent>>> answers = new ArrayList<>();
        for (int i = 0; i < layout.members(); i++) {
            long startBytes = layout.below(i, range.offsetBytes());
            long lengthBytes = layout.below(i, range.endBytes()) - startBytes;
            answers.add(
                    lengthBytes == 0
                            ? CompletableFuture.completedFuture(List.of())
                            : issuer.extents(i, new ByteRange(startBytes, lengthBytes), maxExtents));
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(all -> {
                    List<List<Extent>> told =
                            answers.stream().map(CompletableFuture::join).toList();
                    return new ExtentFold(layout, range, maxExtents, told).extents();
                });
    }
}
