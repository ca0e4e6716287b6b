"""The functions that Terragrunt 1.1 knows, by who answers them here.

Source: Terragrunt 1.1.3, `pkg/config/config_helpers.go`, and the functions of Terraform 0.15.3 that it embeds
(`lang/functions.go`). Terraform's console knows more; those are refused, as Terragrunt refuses them.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Answered by Terraform's console. Left out although Terragrunt has them: `nonsensitive` (the value that
# reaches it is never marked here), `list` and `map` (Terraform only raises an error for them), `defaults`
# (an experiment).
HCL_FUNCTIONS = _words(
    """
    abs abspath alltrue anytrue basename base64decode base64encode base64gzip base64sha256 base64sha512
    bcrypt can ceil chomp cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat
    contains csvdecode dirname distinct element chunklist file fileexists fileset filebase64 filebase64sha256
    filebase64sha512 filemd5 filesha1 filesha256 filesha512 flatten floor format formatdate formatlist indent
    index join jsondecode jsonencode keys length log lookup lower matchkeys max md5 merge min one parseint
    pathexpand pow range regex regexall replace reverse rsadecrypt sensitive setintersection setproduct
    setsubtract setunion sha1 sha256 sha512 signum slice sort split strrev substr sum templatefile
    textdecodebase64 textencodebase64 timestamp timeadd title tostring tonumber tobool toset tolist tomap
    transpose trim trimprefix trimspace trimsuffix try upper urlencode uuid uuidv5 values yamldecode
    yamlencode zipmap startswith endswith strcontains timecmp
    """
)

# HCL functions whose first argument is a path: relative to the file they stand in (Terragrunt sets the base
# folder so), but the console runs in a scratch folder.
FILE_FUNCTIONS = _words(
    """
    abspath file fileexists fileset filebase64 filebase64sha256 filebase64sha512 filemd5 filesha1 filesha256
    filesha512 templatefile
    """
)

# Terragrunt's own, answered in Python.
ANSWERED_FUNCTIONS = _words(
    """
    find_in_parent_folders path_relative_to_include path_relative_from_include get_env read_terragrunt_config
    get_platform get_repo_root get_path_from_repo_root get_path_to_repo_root get_terragrunt_dir
    get_original_terragrunt_dir get_terraform_command get_parent_terragrunt_dir
    get_terraform_commands_that_need_vars get_terraform_commands_that_need_locking
    get_terraform_commands_that_need_input get_terraform_commands_that_need_parallelism
    get_terragrunt_source_cli_flag read_tfvars_file mark_as_read constraint_check
    """
)

# Terragrunt's own that are refused by name, with the reason.
REFUSED_FUNCTIONS = {
    "run_cmd": "no command runs while the live tree is read, unless that is allowed (--allow-run-cmd)",
    "sops_decrypt_file": "Strata decrypts no file while it reads the live tree",
    "get_aws_account_alias": "Strata asks AWS nothing while it reads the live tree",
    "get_aws_account_id": "Strata asks AWS nothing while it reads the live tree",
    "get_aws_caller_identity_arn": "Strata asks AWS nothing while it reads the live tree",
    "get_aws_caller_identity_user_id": "Strata asks AWS nothing while it reads the live tree",
    "get_terraform_cli_args": "the arguments differ between Terragrunt and Strata",
    "get_working_dir": "Terragrunt and Strata work in different folders",
    "get_default_retryable_errors": "Strata retries nothing by the error's text",
    "mark_glob_as_read": "Strata keeps no list of files read",
    "deep_merge": "it is an experiment of Terragrunt that must be switched on",
    "nonsensitive": "no value is sensitive while the live tree is read",
}

# Terraform's; of constants no console is asked, for every `env.hcl` names its environment so.
PATH_FUNCTIONS = frozenset({"basename", "dirname"})
TERRAGRUNT_FUNCTIONS = ANSWERED_FUNCTIONS | frozenset(REFUSED_FUNCTIONS)
