# What Exchange's virtual directory shows of its cmdlets: a function for each, without what RBAC withholds. Those of
# which nothing is withheld follow as text.
$hidden = [Environment]::GetEnvironmentVariable('EXCHANGE_SIMULATOR_WITHHELD').Split(' ')
foreach ($name in [System.Collections.Generic.HashSet[string]]@($hidden -notlike '*:`*' -replace ':.*')) {
    $cmdlet = $ExecutionContext.InvokeCommand.GetCmdlet($name)
    if (-not $cmdlet -or $hidden -contains "${name}:*") { continue }
    $known = [System.Management.Automation.CommandMetadata]::new($cmdlet)
    foreach ($parameter in @($known.Parameters.Keys)) {
        if ($hidden -contains "${name}:$parameter") { [void]$known.Parameters.Remove($parameter) }
    }
    . ([scriptblock]::Create("function $name {$([System.Management.Automation.ProxyCommand]::Create($known))}"))
}
