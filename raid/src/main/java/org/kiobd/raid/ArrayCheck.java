package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * Checks every member of a volume without changing anything, and continues after a problem: collects all findings, not just the first.
 * Control threads.
 */
final class ArrayCheck {
    private final MemberStores stores;

    ArrayCheck(MemberStores stores) {
        this.stores = stores;
    }

    List<Finding> check(VolumeManifest manifest) {
        List<Finding> findings = new ArrayList<>();
        List<Superblock> superblocks = new ArrayList<>();
        for (int i = 0; i < manifest.members().size(); i++) {
            checkMember(manifest, i, superblocks, findings);
        }
        checkTogether(manifest, superblocks, findings);
        return findings;
    }

    private void checkMember(VolumeManifest manifest, int index, List<Superblock> superblocks, List<Finding> findings) {
        MemberUri uri = manifest.members().get(index);
        try (MemberStore store = stores.forUri(uri).open(uri, true)) {
            Superblock superblock = MemberSuperblocks.read(store);
            MemberSuperblocks.requireMatch(manifest, index, superblock);
            superblocks.add(superblock);
            MemberSuperblocks.requireLength(store, superblock.member().sizeBytes());
            for (int copy = 0; copy < MemberStore.SUPERBLOCK_COPIES; copy++) {
                byte[] bytes = store.readSuperblock(copy);
                if (!SuperblockCodec.isValid(bytes)) {
                    findings.add(new Finding(
                            Finding.Severity.WARNING,
                            index,
                            uri + ": superblock copy " + copy
                                    + " is damaged, the other one is good; the next use of the volume rewrites it"));
                }
            }
        } catch (BlockIoException e) {
            findings.add(new Finding(Finding.severityOf(e), index, uri + ": " + e.getMessage()));
        }
    }

    private static void checkTogether(VolumeManifest manifest, List<Superblock> superblocks, List<Finding> findings) {
        if (superblocks.isEmpty()) {
            return;
        }
        try {
            Round last = Round.last(manifest, superblocks);
            if (superblocks.stream()
                    .anyMatch(superblock -> !Round.of(superblock).equals(last))) {
                findings.add(volume(
                        Finding.Severity.WARNING,
                        "a change of the volume was interrupted; the next use carries it on"));
            }
            if (last.volume().deviceSizeBytes() != manifest.sizeBytes()) {
                findings.add(volume(
                        Finding.Severity.WARNING,
                        "members say size=" + last.volume().deviceSizeBytes() + ", the catalog says size="
                                + manifest.sizeBytes() + "; the next use corrects the catalog"));
            }
            noteEnd(last.state(), findings);
            long neededBytes = MemberSuperblocks.member(last.volume(), 0).sizeBytes();
            for (Superblock superblock : superblocks) {
                if (superblock.member().sizeBytes() < neededBytes && superblock.eventCounter() == last.eventCounter()) {
                    findings.add(new Finding(
                            Finding.Severity.DAMAGE,
                            superblock.member().index(),
                            "its superblock gives it " + superblock.member().sizeBytes() + " bytes, " + neededBytes
                                    + " are needed"));
                }
            }
        } catch (BlockIoException e) {
            findings.add(volume(Finding.Severity.DAMAGE, e.getMessage()));
        }
    }

    private static void noteEnd(Superblock.State state, List<Finding> findings) {
        switch (state) {
            case CLEAN -> {}
            case OPENING ->
                findings.add(volume(
                        Finding.Severity.NOTE, "its last opening was interrupted; nothing was written to it by then"));
            case IN_USE, CLOSING ->
                findings.add(volume(
                        Finding.Severity.NOTE,
                        "was not closed in order; check the file system on it as after a power cut"));
        }
    }

    private static Finding volume(Finding.Severity severity, String text) {
        return new Finding(severity, -1, text);
    }
}
