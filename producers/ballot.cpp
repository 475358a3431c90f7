#include "producers/ballot.hpp"

#include "bus/json.hpp"

namespace ringrift::producers {
namespace {

constexpr std::string_view record_name = "ballot";

}  // namespace

BOOST_DESCRIBE_STRUCT(Ballot, (), (epoch, round, candidate, follows_epoch, follows))

bus::Result<Ballot, std::string> load_ballot(projections::Store& store) {
    const auto text = store.get(record_name);
    if (!text) return store.trouble();
    if (!*text) return Ballot{};
    const auto ballot = bus::from_json<Ballot>(**text);
    if (ballot) return *ballot;
    return "the vote kept in state.db cannot be read (" + ballot.error().sentence() +
           "); move state.db away, the log rebuilds the rest of it";
}

bus::Result<bus::Done, std::string> save_ballot(projections::Store& store, const Ballot& ballot) {
    if (store.put(record_name, bus::to_json(ballot))) return bus::Done{};
    return store.trouble();
}

}  // namespace ringrift::producers
