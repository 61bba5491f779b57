package org.kiobd.raid;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * A volume on a {@link RiggedMachine}, used step by step, with a memory of what was promised: sizes that were answered, data that were
 * written, uses that ended in order. The array code is the real one. One thread.
 */
final class UseWalk implements AutoCloseable {
    static final long STEP_BYTES = 1 << 20;

    private static final MemberStores STORES = MemberStores.load();

    /** What is done with a volume. */
    enum Step {
        OPEN,
        WRITE,
        GROW,
        CLOSE,
        RENAME,
        KILL,
        POWER_CUT
    }

    /** All of it, to go back to. */
    record Moment(
            List<RiggedMachine.Image> images,
            VolumeManifest manifest,
            long promisedBytes,
            RiggedMachine.Data data,
            Set<Integer> endedInOrder) {}

    final RiggedMachine machine;
    private final ArrayAssembler assembler = new ArrayAssembler(STORES);
    private final Set<Integer> endedInOrder = new HashSet<>();
    private VolumeManifest manifest;
    private long promisedBytes;
    private RiggedMachine.Data data = new RiggedMachine.Data(0, 0);
    private @Nullable Volume device;
    private int serial;

    UseWalk(int members) throws BlockIoException {
        machine = RiggedStoreProvider.machine(members);
        manifest = assembler.create(new ArraySpec("v", STEP_BYTES, 64 << 10, machine.uris()));
        promisedBytes = STEP_BYTES;
        endedInOrder.add(0);
        machine.kill();
    }

    VolumeManifest manifest() {
        return manifest;
    }

    ArrayAssembler assembler() {
        return assembler;
    }

    boolean isOpen() {
        return device != null;
    }

    Moment moment() {
        return new Moment(machine.images(), manifest, promisedBytes, data, Set.copyOf(endedInOrder));
    }

    /** The machine is as it was then, and no process runs. */
    void goBackTo(Moment moment) {
        machine.reset(moment.images);
        manifest = moment.manifest;
        promisedBytes = moment.promisedBytes;
        data = moment.data;
        endedInOrder.clear();
        endedInOrder.addAll(moment.endedInOrder);
        device = null;
    }

    /** Another line of history goes on from here: what it writes is not what others wrote. */
    void branch() {
        serial += 1000;
    }

    /** One step; the same step again carries on what failed. */
    void step(Step step) throws BlockIoException {
        switch (step) {
            case OPEN -> open(manifest);
            case WRITE -> {
                if (isOpen()) {
                    write(data.use());
                }
            }
            case GROW -> grow();
            case CLOSE -> endUse();
            case RENAME -> {
                manifest = manifest.withName(manifest.name() + "x");
                open(manifest);
                endUse();
            }
            case KILL, POWER_CUT -> end(step == Step.POWER_CUT);
        }
    }

    private void open(VolumeManifest as) throws BlockIoException {
        if (device == null) {
            Volume opened = assembler.open(as, false);
            device = opened;
            serial++;
            requirePromised(opened);
            manifest = opened.manifest();
            write(serial);
        }
    }

    /** Sizes go up by whole steps, so one that was made up is seen. */
    private void requirePromised(Volume opened) {
        long size = opened.sizeBytes();
        if (size < promisedBytes || size % STEP_BYTES != 0 || size > promisedBytes + STEP_BYTES) {
            throw new AssertionError("size=" + size + ", promised was " + promisedBytes);
        }
        promisedBytes = size;
    }

    private void grow() throws BlockIoException {
        Volume growing = device;
        if (growing != null) {
            try {
                growing.grow(promisedBytes + STEP_BYTES);
                promisedBytes += STEP_BYTES;
            } catch (BlockIoException e) {
                requireSize(growing);
                throw e;
            }
            requireSize(growing);
            manifest = growing.manifest();
            write(data.use());
        }
    }

    private void requireSize(Volume open) {
        if (open.sizeBytes() != promisedBytes) {
            throw new AssertionError("size=" + open.sizeBytes() + ", promised was " + promisedBytes);
        }
    }

    private void write(int use) {
        data = new RiggedMachine.Data(use, data.write() + 1);
        machine.data(data);
    }

    private void endUse() throws BlockIoException {
        Volume closing = device;
        if (closing != null) {
            int use = data.use();
            device = null;
            closing.close();
            // It may have left the members in use, where a failure has cost data; it says so by their state.
            if (state(0) == Superblock.State.CLEAN) {
                endedInOrder.add(use);
            }
        }
    }

    private void end(boolean powerCut) {
        device = null;
        if (powerCut) {
            machine.cutPower();
        } else {
            machine.kill();
        }
    }

    Superblock.State state(int disk) throws BlockIoException {
        List<byte[]> copies = machine.image(disk).readable();
        return SuperblockCodec.newestValid(copies.get(0), copies.get(1)).state();
    }

    /** Steps through, whatever fails on the way; returns how many did. What must hold is asked afterwards. */
    int tryAll(List<Step> steps) {
        int failed = 0;
        for (Step step : steps) {
            try {
                step(step);
            } catch (BlockIoException e) {
                failed++;
            }
        }
        return failed;
    }

    /** The volume can be opened, used, grown, closed, and is in order then. */
    void requireWhole(String how) {
        try {
            requireNoDamage();
            for (Step step : List.of(Step.OPEN, Step.GROW, Step.CLOSE)) {
                step(step);
            }
            List<Finding> findings = assembler.check(manifest);
            if (!findings.isEmpty()) {
                throw new AssertionError(how + ": " + findings);
            }
        } catch (BlockIoException | AssertionError e) {
            throw new AssertionError(how + ": " + e.getMessage(), e);
        }
    }

    private void requireNoDamage() {
        for (Finding finding : assembler.check(manifest)) {
            if (finding.severity() == Finding.Severity.DAMAGE) {
                throw new AssertionError(finding);
            }
        }
    }

    /** What became of members that do not belong together. */
    enum Verdict {
        REFUSED,
        /** Accepted, and all have the same data. */
        WHOLE,
        /** Accepted, and one lacks writes of the use it was copied in, which did not end in order. */
        SAME_USE,
        STALE
    }

    /** Tries to open what is there, leaving it as it is. */
    Verdict verdict() {
        List<RiggedMachine.Data> all = new ArrayList<>();
        machine.images().forEach(image -> all.add(image.data()));
        boolean opens = true;
        boolean tooShort = false;
        try {
            assembler.open(manifest, true).close();
        } catch (BlockIoException e) {
            opens = false;
            tooShort = String.valueOf(e.getMessage()).contains("is truncated");
        }
        boolean damaged =
                assembler.check(manifest).stream().anyMatch(finding -> finding.severity() == Finding.Severity.DAMAGE);
        // A copy from before its member was made longer may have the right superblock all the same; only the opening
        // looks.
        if (!tooShort && (opens == damaged || opens != assembles())) {
            throw new AssertionError("opens=" + opens + " damaged=" + damaged + " assembles=" + assembles());
        }
        if (!opens) {
            return Verdict.REFUSED;
        }
        if (all.stream().distinct().count() == 1) {
            return Verdict.WHOLE;
        }
        boolean sameUse = all.stream().map(RiggedMachine.Data::use).distinct().count() == 1;
        return sameUse && !endedInOrder.contains(all.get(0).use()) ? Verdict.SAME_USE : Verdict.STALE;
    }

    private boolean assembles() {
        try {
            assembler.assemble(machine.uris());
            return true;
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void close() {
        RiggedStoreProvider.forget(machine);
    }
}
