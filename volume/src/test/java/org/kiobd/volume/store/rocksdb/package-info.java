@NullMarked
package org.kiobd.volume.store.rocksdb;

import org.jspecify.annotations.NullMarked;
