# The Debian package. Its dependencies are read from the programs (dpkg-shlibdeps), so it fits the
# release of Debian that it was built on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ringrift)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The RingRift authors <ringrift@users.noreply.github.com>")
set(CPACK_SET_DESTDIR ON)  # For /etc.
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "init-system-helpers (>= 1.54), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "nats-server, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, python3-numpy, python3-zmq")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "orchestrator of self-play training on one machine or many
One daemon per machine keeps the loop of self-play training turning: games are
played and copied to where the training is, networks are trained on them,
judged and promoted or not. The machines share an ordered log of events on NATS
JetStream or in SQLite, elect a leader, and can keep history in PostgreSQL.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/postinst;${CMAKE_CURRENT_LIST_DIR}/prerm;${CMAKE_CURRENT_LIST_DIR}/postrm;${CMAKE_CURRENT_LIST_DIR}/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# Debian wants these compressed, without a time in them.
find_program(GZIP gzip REQUIRED)
function(pack source name folder)
  execute_process(COMMAND ${GZIP} -9nc ${source}
                  OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.gz DESTINATION ${folder})
endfunction()
set(changelog ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian)
file(WRITE ${changelog}
     "ringrift (${PROJECT_VERSION}-1) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- ${CPACK_PACKAGE_CONTACT}  Thu, 01 Jan 2026 00:00:00 +0000\n")
pack(${changelog} changelog.Debian ${docs})
pack(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog ${docs})
foreach(page ringrift ringrift-job ringrift-hex)
  pack(${CMAKE_CURRENT_SOURCE_DIR}/${page}.1 ${page}.1 ${CMAKE_INSTALL_MANDIR}/man1)
endforeach()
install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${docs})

include(CPack)
