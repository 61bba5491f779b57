package org.kiobd.it;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * Holds the arrows between the rooms: volume below all; store, raid and manage above it, each seeing those below; nbd-server beside them,
 * seeing volume only; attach above it; cli above all of these.
 */
@ArchTag("one-lane")
@AnalyzeClasses(packages = "org.kiobd", importOptions = DoNotIncludeTests.class)
final class RoomsTest {
    private static final String VOLUME = "org.kiobd.volume..";
    private static final String STORE = "org.kiobd.store..";
    private static final String RAID = "org.kiobd.raid..";
    private static final String NBD = "org.kiobd.nbd..";
    private static final String MANAGE = "org.kiobd.manage..";
    private static final String ATTACH = "org.kiobd.attach..";
    private static final String CLI = "org.kiobd.cli..";
    private static final String IT = "org.kiobd.it..";

    @ArchTest
    static final ArchRule VOLUME_SEES_NO_OTHER_ROOM = sees(VOLUME).none(STORE, RAID, NBD, MANAGE, ATTACH, CLI, IT);

    @ArchTest
    static final ArchRule STORE_SEES_VOLUME_ONLY = sees(STORE).none(RAID, NBD, MANAGE, ATTACH, CLI, IT);

    @ArchTest
    static final ArchRule RAID_SEES_VOLUME_AND_STORE = sees(RAID).none(NBD, MANAGE, ATTACH, CLI, IT);

    @ArchTest
    static final ArchRule NBD_SEES_VOLUME_ONLY = sees(NBD).none(STORE, RAID, MANAGE, ATTACH, CLI, IT);

    @ArchTest
    static final ArchRule MANAGE_SEES_NO_PROTOCOL_AND_NO_COMMAND = sees(MANAGE).none(NBD, ATTACH, CLI, IT);

    @ArchTest
    static final ArchRule ATTACH_SEES_THE_CLIENT_ONLY = sees(ATTACH).none(STORE, RAID, MANAGE, CLI, IT);

    @ArchTest
    static final ArchRule CLI_DOES_NOT_SEE_THE_TEST_ROOM = sees(CLI).none(IT);

    @ArchTest
    static final ArchRule VOLUME_USES_NO_DATABASE_AND_NO_JSON = sees(VOLUME).none("org.rocksdb..", "com.fasterxml..");

    @ArchTest
    static final ArchRule RAID_USES_NO_NETTY = sees(RAID).none("io.netty..");

    @ArchTest
    static final ArchRule MANAGE_PRINTS_NOTHING = sees(MANAGE).none("picocli..", "me.tongfei..");

    /** With the rules above, and these rooms only, there can be no cycle among them. */
    @ArchTest
    static final ArchRule THERE_IS_NO_OTHER_ROOM =
            classes().should().resideInAnyPackage(VOLUME, STORE, RAID, NBD, MANAGE, ATTACH, CLI, IT);

    /** Of the classes of one room. */
    private record Room(String packages) {
        ArchRule none(String... others) {
            return noClasses()
                    .that()
                    .resideInAPackage(packages)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others);
        }
    }

    private static Room sees(String room) {
        return new Room(room);
    }
}
