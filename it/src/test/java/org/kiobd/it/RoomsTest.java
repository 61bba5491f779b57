package org.kiobd.it;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Holds the arrows between the rooms: volume below all, raid and nbd-server side by side and blind to each other, cli above them. */
@AnalyzeClasses(packages = "org.kiobd", importOptions = DoNotIncludeTests.class)
final class RoomsTest {
    private static final String VOLUME = "org.kiobd.volume..";
    private static final String RAID = "org.kiobd.raid..";
    private static final String NBD = "org.kiobd.nbd..";
    private static final String CLI = "org.kiobd.cli..";
    private static final String IT = "org.kiobd.it..";

    @ArchTest
    static final ArchRule VOLUME_SEES_NO_OTHER_ROOM = noClasses()
            .that()
            .resideInAPackage(VOLUME)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(RAID, NBD, CLI, IT);

    @ArchTest
    static final ArchRule RAID_SEES_VOLUME_ONLY = noClasses()
            .that()
            .resideInAPackage(RAID)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(NBD, CLI, IT);

    @ArchTest
    static final ArchRule RAID_USES_NO_NETTY = noClasses()
            .that()
            .resideInAPackage(RAID)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..");

    @ArchTest
    static final ArchRule NBD_SEES_VOLUME_ONLY = noClasses()
            .that()
            .resideInAPackage(NBD)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(RAID, CLI, IT);

    @ArchTest
    static final ArchRule NOBODY_BUT_THE_TEST_ROOM_SEES_CLI = noClasses()
            .that()
            .resideOutsideOfPackages(CLI, IT)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(CLI);

    @ArchTest
    static final ArchRule NOBODY_SEES_THE_TEST_ROOM = noClasses()
            .that()
            .resideOutsideOfPackage(IT)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(IT);

    /** With the rules above, and these five rooms only, there can be no cycle among them. */
    @ArchTest
    static final ArchRule THERE_IS_NO_OTHER_ROOM = classes().should().resideInAnyPackage(VOLUME, RAID, NBD, CLI, IT);
}
