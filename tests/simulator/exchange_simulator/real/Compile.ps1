# Compiles the cmdlets in a folder, and writes a function for each that Exchange's virtual directory shows: text that
# each session would make anew, which costs it a third of a second.
param($Folder)
$ErrorActionPreference = 'Stop'
$source = Get-Content -Raw -LiteralPath $Folder/Cmdlets.cs
Add-Type -TypeDefinition $source -OutputAssembly $Folder/Cmdlets.dll -IgnoreWarnings -WarningAction Ignore
Import-Module $Folder/Snapin.psd1
$functions = foreach ($cmdlet in Get-Command -Module Snapin) {
    $known = [System.Management.Automation.CommandMetadata]::new($cmdlet)
    # The modules of the endpoint have the same cmdlets.
    $text = [System.Management.Automation.ProxyCommand]::Create($known).Replace("Snapin\$cmdlet", $cmdlet)
    "if (-not (`$hidden -like '${cmdlet}:*')) { function $cmdlet {$text} }"
}
Add-Content -LiteralPath $Folder/Endpoint.psm1 $functions
