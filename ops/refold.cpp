#include "ops/refold.hpp"

#include "bus/lock_file.hpp"
#include "bus/log_mark.hpp"
#include "consumers/managers/state_manager.hpp"
#include "projections/sqlite_store.hpp"

namespace ringrift::ops {

Exit run_refold(const std::filesystem::path& data_folder, std::ostream& out) {
    const std::filesystem::path file = data_folder / "state.db";
    if (!std::filesystem::exists(file)) {
        return {ExitCode::data_dir_unusable, "there is no memory of a node (state.db) in " +
                                                 data_folder.string() + "; name its --data folder"};
    }
    const auto lock = bus::LockFile::acquire((data_folder / "node.lock").string());
    if (!lock) {
        const bool held = lock.error().held;
        return {held ? ExitCode::data_dir_taken : ExitCode::data_dir_unusable,
                lock.error().sentence + (held ? "; end the node first" : "")};
    }
    auto store = projections::SqliteStore::open(file.string());
    if (!store) return {ExitCode::data_dir_unusable, store.error()};
    if (!(*store)->put(bus::log_mark_name, ""))
        return {ExitCode::data_dir_unusable, (*store)->trouble()};
    if (const auto kept = consumers::StateManager::forget_log(**store); !kept)
        return {ExitCode::data_dir_unusable, kept.error()};
    out << data_folder.string()
        << ": at its next start the node folds its log from the first event. Do the same on every "
           "node before you start any.\n";
    return {ExitCode::ok, ""};
}

}  // namespace ringrift::ops
