package org.kiobd.raid;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Some disks in memory, one member each, and a plan of what goes wrong. A disk has what can be read (the page cache) and what is
 * durable; a write whose sync fails is readable and not durable, until the same bytes are written again. Holds every write against the
 * barrier: none of a round before all members have the round before, durably, in both copies. Locked by itself.
 */
final class RiggedMachine {
    private static final int EVENT_OFFSET = 104;

    /** How a write of a superblock copy ends. */
    enum Outcome {
        DONE,
        /** Half of it is there. */
        TORN,
        /** It can be read, and is gone after a power cut. */
        CACHED,
        NOTHING
    }

    /** What goes wrong. */
    interface Plan {
        Plan NONE = (event, member, copy) -> Outcome.DONE;

        Outcome at(long event, int member, int copy);

        /** How the {@code call}th making longer of a member ends, from 0. */
        default Outcome resizing(int call) {
            return Outcome.DONE;
        }

        /** Whether nothing gets through to any disk once one write has failed. */
        default boolean endsWith(long event) {
            return false;
        }
    }

    /** Which data a disk has: the last write that reached it, and the use that made it. */
    record Data(int use, int write) {}

    /** What is on one disk; arrays are never changed. */
    record Image(List<byte[]> readable, List<byte[]> durable, long readableBytes, long durableBytes, Data data) {}

    private final List<Image> disks = new ArrayList<>();
    private final List<MemberUri> uris;
    private final boolean[] stopped;
    private Plan plan = Plan.NONE;
    private boolean failuresAreFinal;
    private int process;
    private int resizes;

    RiggedMachine(List<MemberUri> uris) {
        this.uris = uris;
        this.stopped = new boolean[uris.size()];
        for (int i = 0; i < uris.size(); i++) {
            List<byte[]> empty =
                    List.of(new byte[MemberStore.SUPERBLOCK_BYTES], new byte[MemberStore.SUPERBLOCK_BYTES]);
            disks.add(new Image(empty, empty, 0, 0, new Data(0, 0)));
        }
    }

    List<MemberUri> uris() {
        return uris;
    }

    synchronized Image image(int disk) {
        return disks.get(disk);
    }

    synchronized List<Image> images() {
        return List.copyOf(disks);
    }

    /** As a person would: what is read from the copy is all there is. */
    synchronized void putBack(int disk, Image copy) {
        disks.set(disk, new Image(copy.readable, copy.readable, copy.readableBytes, copy.readableBytes, copy.data));
    }

    synchronized void reset(List<Image> images) {
        disks.clear();
        disks.addAll(images);
        kill();
    }

    synchronized void plan(Plan next) {
        plan = next;
        resizes = 0;
        Arrays.fill(stopped, false);
    }

    /** The process is gone: what it had open reaches nothing any more; another may begin. */
    synchronized void kill() {
        process++;
        plan(Plan.NONE);
    }

    synchronized void cutPower() {
        disks.replaceAll(
                disk -> new Image(disk.durable, disk.durable, disk.durableBytes, disk.durableBytes, disk.data));
        kill();
    }

    /** Whether a failed write may have cost data, as a failed sync of a file may. */
    synchronized void failuresAreFinal(boolean areFinal) {
        failuresAreFinal = areFinal;
    }

    synchronized boolean failuresAreFinal() {
        return failuresAreFinal;
    }

    synchronized int process() {
        return process;
    }

    synchronized void data(Data data) {
        disks.replaceAll(disk -> new Image(disk.readable, disk.durable, disk.readableBytes, disk.durableBytes, data));
    }

    synchronized void write(int caller, int disk, int copy, byte[] bytes) throws BlockIoException {
        long event = event(bytes);
        if (caller != process || stopped[disk] || plan.endsWith(event)) {
            throw failed("gone");
        }
        requireBarrier(event);
        Outcome outcome = plan.at(event, disk, copy);
        Image old = disks.get(disk);
        byte[] torn = bytes.clone();
        System.arraycopy(old.readable.get(copy), 64, torn, 64, torn.length - 64);
        List<byte[]> readable = new ArrayList<>(old.readable);
        List<byte[]> durable = new ArrayList<>(old.durable);
        switch (outcome) {
            case DONE -> {
                readable.set(copy, bytes.clone());
                durable.set(copy, bytes.clone());
            }
            case TORN -> {
                readable.set(copy, torn);
                durable.set(copy, torn);
            }
            case CACHED -> readable.set(copy, bytes.clone());
            case NOTHING -> {}
        }
        disks.set(disk, new Image(readable, durable, old.readableBytes, old.durableBytes, old.data));
        if (outcome != Outcome.DONE) {
            stopped[disk] = plan.endsWith(event + 1);
            throw failed("outcome=" + outcome + " event=" + event + " member=" + disk + " copy=" + copy);
        }
    }

    /** Each member has the round before in the copy that it began that with, or this one in the copy that this begins with. */
    private void requireBarrier(long event) {
        if (event < newestEvent()) {
            throw new AssertionError("event=" + event + " is written after event=" + newestEvent());
        }
        for (Image disk : disks) {
            if (event > 1 && !isDurable(disk, event) && !isDurable(disk, event - 1)) {
                throw new AssertionError("event=" + event + " is written before all members have the one before it");
            }
        }
    }

    private static boolean isDurable(Image disk, long event) {
        byte[] first = disk.durable.get((int) (event % 2));
        return SuperblockCodec.isValid(first) && event(first) == event;
    }

    /** The newest event that can be read. */
    synchronized long newestEvent() {
        return disks.stream()
                .flatMap(disk -> disk.readable.stream())
                .filter(SuperblockCodec::isValid)
                .mapToLong(RiggedMachine::event)
                .max()
                .orElse(0);
    }

    synchronized void resize(int caller, int disk, long sizeBytes) throws BlockIoException {
        if (caller != process) {
            throw failed("gone");
        }
        Outcome outcome = plan.resizing(resizes++);
        Image old = disks.get(disk);
        long readable = outcome == Outcome.NOTHING ? old.readableBytes : sizeBytes;
        long durable = outcome == Outcome.DONE ? sizeBytes : old.durableBytes;
        disks.set(disk, new Image(old.readable, old.durable, readable, durable, old.data));
        if (outcome != Outcome.DONE) {
            throw failed("resize outcome=" + outcome);
        }
    }

    /** Writes both copies without a plan, as any version may have left them. */
    synchronized void set(int disk, byte[] bytes) {
        Image old = disks.get(disk);
        List<byte[]> copies = List.of(bytes, bytes);
        disks.set(disk, new Image(copies, copies, old.readableBytes, old.durableBytes, old.data));
    }

    synchronized void length(int disk, long sizeBytes) {
        Image old = disks.get(disk);
        disks.set(disk, new Image(old.readable, old.durable, sizeBytes, sizeBytes, old.data));
    }

    static long event(byte[] superblock) {
        return ByteBuffer.wrap(superblock).order(ByteOrder.LITTLE_ENDIAN).getLong(EVENT_OFFSET);
    }

    private static BlockIoException failed(String why) {
        return new BlockIoException(IoError.IO, why);
    }
}
