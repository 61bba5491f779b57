package org.kiobd.raid;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockDeviceContract;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.FaultyBlockDevice;

/** The rules of {@link BlockDevice} on arrays over each kind of member and engine, on a plain image, and through a wrapper. */
@ParameterizedClass
@EnumSource(ArrayContractTest.Subject.class)
class ArrayContractTest extends BlockDeviceContract {
    @Parameter
    Subject subject;

    @TempDir
    Path folder;

    /** What is opened, and the engine that drives it. */
    enum Subject {
        FILES_ON_NIO(IoEngine.NIO),
        FILES_ON_EPOLL(IoEngine.EPOLL),
        FILES_ON_IO_URING(IoEngine.IO_URING),
        /** With the page cache bypassed. */
        DIRECT_FILES_ON_EPOLL(IoEngine.EPOLL),
        DIRECT_FILES_ON_IO_URING(IoEngine.IO_URING),
        ROCKSDB(IoEngine.IO_URING),
        /** A file, a database and memory. */
        MIXED_MEMBERS(IoEngine.IO_URING),
        /** Every operation ends inline. */
        MEMORY(IoEngine.NIO),
        RAW_IMAGE(IoEngine.best()),
        /** A device over a device changes none of the rules; its one bad place is where nobody may go. */
        WRAPPED(IoEngine.NIO);

        private final IoEngine engine;

        Subject(IoEngine engine) {
            this.engine = engine;
        }
    }

    @Override
    protected IoEngine engine() {
        return subject.engine;
    }

    @Override
    protected BlockDevice open(long sizeBytes) throws Exception {
        return switch (subject) {
            case FILES_ON_NIO, FILES_ON_EPOLL, FILES_ON_IO_URING -> ContractArrays.inFiles(folder, sizeBytes);
            case DIRECT_FILES_ON_EPOLL, DIRECT_FILES_ON_IO_URING -> ContractArrays.inFilesDirectly(folder, sizeBytes);
            case ROCKSDB -> ContractArrays.inRocksDb(folder, sizeBytes);
            case MIXED_MEMBERS -> ContractArrays.mixed(folder, sizeBytes);
            case MEMORY -> ContractArrays.inMemory(sizeBytes);
            case RAW_IMAGE -> ContractArrays.raw(folder, sizeBytes);
            case WRAPPED ->
                new FaultyBlockDevice(
                        ContractArrays.inMemory(sizeBytes), new ByteRange(Long.MAX_VALUE - 1, 1), IoError.INVALID);
        };
    }
}
