package org.kiobd.it.vm;

/**
 * A volume to create for a run.
 *
 * @param name its name
 * @param size its size, as the command line takes it
 */
record Volume(String name, String size) {}
