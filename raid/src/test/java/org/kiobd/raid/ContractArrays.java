package org.kiobd.raid;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.queue.MergeLimits;

/** Arrays made and opened as a user's are, for the contract suites. */
final class ContractArrays {
    private static final int MEMBERS = 3;
    private static final long CHUNK_BYTES = 12_288;
    private static final AtomicLong NUMBER = new AtomicLong();
    private static final ArrayAssembler ASSEMBLER = new ArrayAssembler(MemberStores.load());

    private ContractArrays() {}

    /** With the page cache passed by. */
    static Volume inFilesDirectly(Path folder, long sizeBytes) throws IOException {
        ArrayAssembler directly = new ArrayAssembler(MemberStores.load(), MergeLimits.DEFAULT, CacheMode.NONE);
        return open(directly, files(folder), sizeBytes);
    }

    static Volume inFiles(Path folder, long sizeBytes) throws IOException {
        return open(files(folder), sizeBytes);
    }

    private static List<MemberUri> files(Path folder) {
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(MemberUri.file(folder.resolve("member" + i + ".img")));
        }
        return members;
    }

    static Volume inRocksDb(Path folder, long sizeBytes) throws IOException {
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(MemberUri.parse("rocksdb:" + folder.resolve("member" + i)));
        }
        return open(members, sizeBytes);
    }

    /** A member of each kind. */
    static Volume mixed(Path folder, long sizeBytes) throws IOException {
        List<MemberUri> members = List.of(
                MemberUri.file(folder.resolve("member0.img")),
                MemberUri.parse("rocksdb:" + folder.resolve("member1") + "?profile=compact&compression=lz4"),
                MemberUri.parse("memory:contract-mixed-" + NUMBER.incrementAndGet()));
        return open(members, sizeBytes);
    }

    static Volume inMemory(long sizeBytes) throws IOException {
        long number = NUMBER.incrementAndGet();
        List<MemberUri> members = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            members.add(MemberUri.parse("memory:contract-" + number + "-" + i));
        }
        return open(members, sizeBytes);
    }

    private static Volume open(List<MemberUri> members, long sizeBytes) throws IOException {
        return open(ASSEMBLER, members, sizeBytes);
    }

    private static Volume open(ArrayAssembler assembler, List<MemberUri> members, long sizeBytes) throws IOException {
        return assembler.open(assembler.create(new ArraySpec("contract", sizeBytes, CHUNK_BYTES, members)), false);
    }

    static Volume raw(Path folder, long sizeBytes) throws IOException {
        Path image = folder.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        return ASSEMBLER.openRaw(MemberUri.file(image), false);
    }
}
