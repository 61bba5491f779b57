@NullMarked
package org.kiobd.store.rocksdb;

import org.jspecify.annotations.NullMarked;
