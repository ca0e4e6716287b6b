# What the tables of the environment's data sets look like. Each is one contract, glue_jobs/contracts/<name>.odcs.yaml;
# glue_jobs/odcs.py reads the same, and tests/live/test_datasets.py holds the two together.

locals {
  env = read_terragrunt_config("${get_original_terragrunt_dir()}/../env.hcl").locals

  folder    = "${get_repo_root()}/glue_jobs/contracts"
  documents = { for path in fileset(local.folder, "*.odcs.yaml") : trimsuffix(path, ".odcs.yaml") => yamldecode(file("${local.folder}/${path}")) }
  all       = { for name, document in local.documents : name => document.schema }
  # `datasets` is "all" or a list of names.
  chosen = { for name, tables in local.all : name => tables if try(contains(local.env.datasets, name), local.env.datasets == "all") }

  logical = { boolean = "boolean", date = "date", integer = "int", string = "string", timestamp = "timestamp" }
  types   = { for name, tables in local.chosen : name => { for t in tables : t.name => { for c in t.properties : c.name => try(c.physicalType, local.logical[c.logicalType]) } } }
  custom  = { for name, tables in local.chosen : name => { for c in try(tables[0].customProperties, []) : c.property => c.value } }

  # A date is the partition itself; of a timestamp it is made.
  partitions = {
    for name, tables in local.chosen : name => try(
      local.custom[name].partition.name,
      one([for c in tables[0].properties : c.logicalType == "date" ? c.name : "${c.name}_date" if try(c.partitioned, false)]),
    )
  }

  # What the references add: in their order, then the columns', then by name.
  added = {
    for name, tables in local.chosen : name => flatten([
      for reference in slice(tables, 1, length(tables)) : [
        for c in tables[0].properties : [
          for r in try(c.relationships, []) : [
            for added, column in try({ for p in r.customProperties : p.property => p.value }.adds, {}) :
            { name = added, type = local.types[name][reference.name][column] }
          ] if split(".", r.to)[0] == reference.name
        ]
      ]
    ])
  }

  # Within how many hours new rows must come, of those that say so.
  freshness = merge([
    for name in keys(local.chosen) : {
      for level in try(local.documents[name].slaProperties, []) : name => level.value * (startswith(level.unit, "d") ? 24 : 1)
      if level.property == "freshness"
    }
  ]...)

  # What an object is processed with, but for the reference files, which may change between two deployments: the state
  # machine looks at those (docs/decisions/0118-generations.md).
  jobs = "${get_repo_root()}/glue_jobs"
  code = sha256(join("\n", [for path in sort(fileset(local.jobs, "**/*.py")) : "${path} ${filesha256("${local.jobs}/${path}")}"]))
  generations = {
    for name, tables in local.chosen : name => {
      generation = substr(sha256("${local.code} ${filesha256("${local.folder}/${name}.odcs.yaml")}"), 0, 16)
      references = [for reference in slice(tables, 1, length(tables)) : reference.name]
    }
  }

  tables = {
    for name, tables in local.chosen : name => {
      columns = concat(
        [for c in tables[0].properties : { name = c.name, type = local.types[name][name][c.name] } if c.name != local.partitions[name]],
        local.added[name],
        [for c in ["object_id", "object_key", "sequencer"] : { name = c, type = "string" }],
        [{ name = "source_line", type = "bigint" }],
      )
      key = values({
        for place, c in tables[0].properties :
        format("%06d", try(c.primaryKeyPosition, -1) > 0 ? c.primaryKeyPosition : length(tables[0].properties) + place) => c.name
        if try(c.primaryKey, false)
      })
      partition = local.partitions[name]
    }
  }
}
